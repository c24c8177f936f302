"""The studio without a browser: who asks it, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from colorlab.studio.app import Studio, app_of
from tests.test_studio_session import drawing


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(
        app_of(tmp_path_factory.mktemp("home")), base_url="http://127.0.0.1:8123"
    ) as client:
        yield client


@pytest.fixture(scope="module")
def home(client: TestClient) -> str:
    """Of a session."""
    begun = client.post(
        "/api/sessions?name=two.png", content=drawing(), headers={"content-type": "image/png"}
    )
    assert begun.status_code == 201
    return f"/api/sessions/{begun.json()['id']}"


def studio_of(client: TestClient) -> Studio:
    """What answers a client."""
    route = next(each for each in client.app.routes if each.path == "/api/start")  # type: ignore[attr-defined]
    return route.endpoint.__closure__[0].cell_contents.__self__  # type: ignore[no-any-return]


def color(client: TestClient, home: str, **request: Any) -> list[dict[str, Any]]:
    answer = client.post(f"{home}/candidates", json=request)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]
