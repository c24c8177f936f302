"""The published colorizers: from a file of their layout to a run that colours photographs with the
suite's samplers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.runs.run import open_run
from colorlab.types import Condition, Hints
from colorlab.weights import catalog
from colorlab.weights.__main__ import main
from tests.marginal_methods import W, published

pytestmark = pytest.mark.whole


def siggraph17() -> dict[str, Tensor]:
    """Random tensors under all names of the file of 2017, W channels wide."""
    tensors, draws = published(2017, 529), Draws(1, [0])

    def conv(name: str, c_in: int, c_out: int, side: int) -> None:
        tensors[f"{name}.weight"] = (
            draws.normal(c_out, c_in, side, side)[0] * (2 / (c_in * side * side)) ** 0.5
        )
        tensors[f"{name}.bias"] = draws.normal(c_out)[0] * 0.1

    two, four = 2 * W, 4 * W
    conv("model9up.0", two, four, 4)  # (in, out) for a transposed convolution
    tensors["model9up.0.bias"] = draws.normal(two)[0]
    conv("model2short9.0", two, two, 3), conv("model9.1", two, two, 3)
    for key in ("weight", "bias", "running_mean", "running_var"):
        tensors[f"model9.3.{key}"] = draws.uniform(two)[0] + 0.5
    tensors["model9.3.num_batches_tracked"] = torch.tensor(3)
    (
        conv("model10up.0", two, two, 4),
        conv("model1short10.0", W, two, 3),
        conv("model10.1", two, two, 3),
    )
    conv("model_out.0", two, 2, 1)
    return tensors


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Both files, narrow, and a catalogue that expects them so."""
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    made = {"cic-eccv16": published(2016, 313), "siggraph17": siggraph17()}
    for name, tensors in made.items():
        torch.save(tensors, tmp_path / f"{name}.pth")
        digest = hashlib.sha256((tmp_path / f"{name}.pth").read_bytes()).hexdigest()
        known = catalog.PUBLISHED_NETS[name]
        words = (
            *(f"method.width={W}" if word == "method.width=64" else word for word in known.words),
            "data.size=32",
        )
        monkeypatch.setitem(
            catalog.PUBLISHED_NETS, name, known._replace(digest=digest[:8], words=words)
        )
    return {name: tmp_path / f"{name}.pth" for name in made}


def test_the_catalogue_names_the_authors_files_with_the_digests_in_their_names() -> None:
    for net in catalog.PUBLISHED_NETS.values():
        assert (
            net.url.endswith(f"-{net.digest}.pth")
            and net.url.startswith("https://")
            and "method.width=64" in net.words
        )


def test_a_published_net_becomes_a_run_that_colours_in_many_ways(
    files: dict[str, Path], capsys
) -> None:
    main(["fetch", "cic-eccv16", "--file", str(files["cic-eccv16"])])
    assert "run=pretrained/cic-eccv16" in capsys.readouterr().out
    method = open_run("pretrained/cic-eccv16").method()
    image = Draws(0, [0]).uniform(1, 40, 52)
    drawn = method.sample(Condition(image), 3, Draws(0, [0]))
    assert drawn.shape == (1, 3, 3, 40, 52) and not torch.equal(drawn[0, 0], drawn[0, 1])
    assert (lab_of(drawn)[:, :, 0] - lab_of(image.expand(-1, 3, -1, -1))[:, 0]).abs().max() < 0.5
    tensors = torch.load(files["cic-eccv16"], weights_only=True)
    assert torch.equal(method.classes.weight, tensors["model8.6.weight"])


def test_cics_prior_undoes_its_rebalancing(files: dict[str, Path], tmp_path: Path) -> None:
    prior = np.arange(1, 314) / np.arange(1, 314).sum()
    np.save(tmp_path / "prior_probs.npy", prior)
    main(["fetch", "cic-eccv16", "--file", str(files["cic-eccv16"])])
    plain = open_run("pretrained/cic-eccv16").method()
    main(
        [
            "fetch",
            "cic-eccv16",
            "--file",
            str(files["cic-eccv16"]),
            "--prior",
            str(tmp_path / "prior_probs.npy"),
        ]
    )
    undone = open_run("pretrained/cic-eccv16").method()
    assert np.allclose(undone.bins.prior, prior)
    image = Draws(0, [0]).uniform(1, 16, 16)
    p, q = (m.marginals(image).log_p.exp() for m in (plain, undone))
    expected = p / undone.weights()[:, None, None]
    assert torch.allclose(q, expected / expected.sum(1, keepdim=True), atol=1e-5)
    with pytest.raises(ConfigError, match="--prior is for cic-eccv16"):
        main(["fetch", "siggraph17", "--file", str(files["siggraph17"]), "--prior", "x.npy"])


def ab_of(t: dict[str, Tensor], L: Tensor, hints: Tensor) -> Tensor:
    """What the net of 2017 paints, written out from its tensors: L (1, 1, H, W) Lab, hints
    (1, 3, H, W)."""
    import torch.nn.functional as F

    def conv(name: str, x: Tensor, dilation: int = 1) -> Tensor:
        side = t[f"{name}.weight"].shape[-1]
        return F.conv2d(
            x,
            t[f"{name}.weight"],
            t[f"{name}.bias"],
            padding=dilation * (side // 2),
            dilation=dilation,
        )

    def norm(name: str, x: Tensor) -> Tensor:
        return F.batch_norm(
            x, *(t[f"{name}.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
        )

    def up(name: str, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, t[f"{name}.weight"], t[f"{name}.bias"], stride=2, padding=1)

    x, kept = torch.cat([(L - 50) / 100, hints], 1), []
    for k, depth in enumerate((2, 2, 3, 3, 3, 3, 3)):
        for i in range(depth):
            x = conv(f"model{k + 1}.{2 * i}", x, 2 if k in (4, 5) else 1).relu()
        x = norm(f"model{k + 1}.{2 * depth}", x)
        kept.append(x)
        x = x[..., ::2, ::2] if k < 3 else x
    x = (up("model8up.0", x) + conv("model3short8.0", kept[2])).relu()
    x = norm("model8.5", conv("model8.3", conv("model8.1", x).relu()).relu())
    x = (up("model9up.0", x) + conv("model2short9.0", kept[1])).relu()
    x = norm("model9.3", conv("model9.1", x).relu())
    x = (up("model10up.0", x) + conv("model1short10.0", kept[0])).relu()
    return torch.tanh(conv("model_out.0", F.leaky_relu(conv("model10.1", x), 0.2)))


def test_the_run_of_2017_paints_what_its_tensors_say_and_takes_hints(
    files: dict[str, Path],
) -> None:
    main(["fetch", "siggraph17", "--file", str(files["siggraph17"])])
    method = open_run("pretrained/siggraph17").method(changed={"suggested": 0})
    image, hints = Draws(0, [0]).uniform(1, 16, 24), torch.zeros(1, 3, 16, 24)
    hints[:, :, 4:6, 4:6] = torch.tensor([0.3, -0.2, 1.0]).view(1, 3, 1, 1)
    L = lab_of(image.expand(-1, 3, -1, -1))[:, :1]
    found = method.net(image, hints)[1]
    assert torch.allclose(
        found, ab_of(torch.load(files["siggraph17"], weights_only=True), L, hints), atol=1e-4
    )
    shown = Hints(torch.rand(1, 3, 16, 24), (hints[:, 2:] > 0).float())
    assert method.sample(Condition(image, shown), 2, Draws(0, [0])).shape == (1, 2, 3, 16, 24)


def test_another_file_and_an_unreachable_address_are_told_in_one_line(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files["siggraph17"].write_bytes(b"something else")
    with pytest.raises(
        DataError, match=r"has sha256 \w{8}\.\.\., not \w{8}\.\.\. \(give the file of https"
    ):
        main(["fetch", "siggraph17", "--file", str(files["siggraph17"])])
    with pytest.raises(DataError, match="cannot be read"):
        main(["fetch", "siggraph17", "--file", "nowhere.pth"])
    nowhere = catalog.PUBLISHED_NETS["siggraph17"]._replace(url="http://127.0.0.1:9/x-df00044c.pth")
    monkeypatch.setitem(catalog.PUBLISHED_NETS, "siggraph17", nowhere)
    with pytest.raises(DataError, match=r"could not be fetched: .*--file PATH"):
        main(["fetch", "siggraph17"])
    with pytest.raises(CheckpointError, match="weights fetch cic-eccv16"):
        open_run("pretrained/cic-eccv16")


def test_a_photograph_is_coloured_at_its_own_size(files: dict[str, Path]) -> None:
    import colorlab

    main(["fetch", "siggraph17", "--file", str(files["siggraph17"])])
    gray = Image.fromarray((255 * Draws(0, [0]).uniform(40, 30)[0]).byte().numpy())
    pictures = colorlab.open_run("pretrained/siggraph17").sample(
        gray, n=2, lines="never", size="input"
    )
    assert [picture.size for picture in pictures] == [(30, 40)] * 2
    off = lab_of(torch.tensor(np.array(pictures[0])).movedim(-1, 0) / 255)[0]
    assert (
        off - lab_of(torch.tensor(np.array(gray)).expand(3, -1, -1) / 255)[0]
    ).abs().mean() < 0.5
