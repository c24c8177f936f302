"""Mistakes in a configuration are told in one line, with the nearest valid name, within a
second."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from colorlab.cli.clauses import check_needs
from colorlab.cli.config import compose
from colorlab.cli.targets import ALLOWED_TARGETS, build, check_targets
from colorlab.cli.yaml_files import declared
from colorlab.errors import ConfigError

BASE = ["name=t"]


@pytest.mark.whole
@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("method=gipc", "gpic"),
        ("method.widht=8", "method.width"),
        ("methd=gpic", "method"),
        ("method.width=wide", "method.width is a whole number"),
        ("method.width=8.5", "method.width is a whole number"),
        ("method.width=0", "method.width is in [1, 4096]"),
        ("method.optimizer.lr=fast", "method.optimizer.lr is a number"),
        ("method.learning.predict=x0", "x_0"),
        ("method.learning.stratified=7", "true or false"),
        ("seed=-1", "seed is in [0, 4294967295]"),
        ("ema=1.5", "in [0, 1)"),
        ("trainer.max_steps=lots", "trainer.max_steps is a whole number"),
        ("method/sampler=dim", "ddim"),
        ("data.condition=grey", "gray"),
        ("method.width", "method.width"),
    ],
)
def test_a_mistake_names_the_key_and_the_fix(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose("train", [*BASE, override])
    assert said in str(caught.value)
    assert "search path" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("method", "override", "said"),
    [
        ("piggyback", "stage=guider", "stage is not a key of this command (--help lists all)"),
        (
            "divcolor",
            "samples=4",
            "samples is not a key of this command; nearest: method.mdn.samples, name (--help "
            "lists all)",
        ),
    ],
)
def test_only_keys_of_the_method_chosen_are_suggested(
    method: str, override: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        compose("train", [*BASE, f"method={method}", override])
    assert str(caught.value) == said


def test_whole_numbers_pass_where_numbers_are_wanted() -> None:
    assert compose("train", [*BASE, "method.optimizer.lr=1"]).method.optimizer.lr == 1


def test_clauses_are_read_from_the_comments(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text("x: 3  # >= 1; words\nb:\n  c: l1  # l1 | l2\nd: null\n")
    assert list(declared(tmp_path / "a.yaml")) == [
        ("x", 3, ">= 1"),
        ("b.c", "l1", "l1 | l2"),
        ("d", None, ""),
    ]


PAYLOADS = [
    "os.system", "subprocess.Popen", "builtins.eval", "torch.load", "pathlib.Path.write_text",
    "shutil.rmtree", "colorlab.data.openmoji.os.system", "colorlab.storage.cache.os.remove",
    "hydra.utils.get_method", "pickle.loads", "torch.optim.lr_scheduler.sys.exit",
    "lightning.pytorch.loggers.csv_logs.os.system", "diffusers.utils.os",
    "colorlab.runs.checkpoint.save_weights", "torch.hub.load", "importlib.import_module",
    "colorlab..methods.X", "",
]  # fmt: skip


@pytest.mark.parametrize("target", PAYLOADS)
@pytest.mark.parametrize(
    "wrap",
    [lambda n: n, lambda n: {"a": {"b": n}}, lambda n: [0, [n]]],
    ids=["bare", "dict", "list"],
)
def test_targets_outside_the_allow_list_are_refused(target: str, wrap) -> None:
    with pytest.raises(ConfigError, match="not allowed"):
        check_targets(wrap({"_target_": target}))


def test_a_class_that_is_only_imported_somewhere_is_not_built(tmp_path) -> None:
    assert ALLOWED_TARGETS.fullmatch("colorlab.data.openmoji.Path")
    with pytest.raises(ConfigError, match="not allowed"):
        build({"_target_": "colorlab.data.openmoji.Path", "_args_": [str(tmp_path)]})


def test_every_shipped_yaml_has_a_header_and_every_target_is_allowed() -> None:
    import yaml

    from colorlab.cli.yaml_files import conf_dir

    files = sorted(conf_dir().rglob("*.yaml"))
    assert len(files) > 10
    for path in files:
        assert path.read_text().startswith("#"), path
        check_targets(yaml.safe_load(path.read_text()))


def test_the_defaults_pass_their_own_clauses() -> None:
    assert compose("train", BASE).method.width == 8


def test_the_papers_settings_are_one_word_away() -> None:
    cfg = compose("train", [*BASE, "experiment=gpic_paper"])
    method = cfg.method
    assert (method.learning.predict, method.learning.distance, method.learning.stratified) == (
        "eps",
        "l1",
        False,
    )
    assert (method.embedding.of, method.embedding.scale, method.embedding.literal_film) == (
        "alpha_bar",
        16,
        True,
    )
    assert (method.optimizer.lr, method.optimizer.k, method.optimizer.alpha) == (1e-4, 6, 0.5)
    assert (method.sampler.steps, method.sampler.corrector_steps, cfg.ema) == (1000, 0, 0)
    assert (method.sampler.clip, cfg.data.augment.flip, cfg.data.augment.affine) == (False, 0, 0)
    assert (cfg.trainer.precision, cfg.trainer.gradient_clip_val) == ("32-true", None)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["method=cinn"], "method.space=ab needs"),
        (["method=cinn", "method.space=rgb"], ""),
        (
            ["method=lightness_vae", "method.vae=x", "method.decoder=locked"],
            "method.decoder=locked needs",
        ),
        (["method=lightness_vae", "method.vae=x", "method.decoder=plain"], ""),
        (["method=cic"], "method=cic needs"),
    ],
)
def test_what_a_value_needs_of_other_keys_is_read_from_the_comments(
    words: list[str], refused: str
) -> None:
    check_needs(compose("train", ["name=t", "data.condition=gray", *words]))
    with pytest.raises(ConfigError, match=refused) if refused else nullcontext():
        check_needs(compose("train", ["name=t", "data.condition=lines", *words]))


def test_what_is_not_set_is_told_with_what_it_is() -> None:
    with pytest.raises(
        ConfigError,
        match=r"run is not set \(give it .*: run=...; a run folder, pretrained/<name>, or",
    ):
        compose("evaluate", [])


UNREAD = {
    "+trainer.fast_dev_run=true": r"trainer\.fast_dev_run is not a key of this command "
    r"\(trainer\.max_steps=2 tries",
    "+trainer.max_epochs=3": r"trainer\.max_epochs is not a key of this command "
    r"\(trainer\.max_steps says",
    "+trainer.enable_checkpointing=false": r"trainer\.enable_checkpointing is not a key of this "
    r"command",
    "+bacth_size=4": r"bacth_size is not a key of this command; nearest: batch_size",
    "+logger.projekt=a": r"logger\.projekt is not a key of this command; nearest: logger\.project",
    "++optimizer.lr=1": r"optimizer is not a key of this command",
    "+anything={a: 1}": r"anything is not a key of this command",
    "ckpt_path=a.ckpt": r"ckpt_path is not a key of this command \(resume=auto goes on",
    "+ckpt_path=a.ckpt": r"ckpt_path is not a key of this command \(resume=auto goes on",
    "trainer.ckpt_path=a.ckpt": r"trainer\.ckpt_path is not a key of this command \(resume=auto "
    r"goes on",
}


@pytest.mark.whole
@pytest.mark.parametrize("word", UNREAD)
def test_a_key_that_nobody_reads_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=UNREAD[word]):
        compose("train", ["name=t", word])


def test_keys_that_somebody_reads_are_taken() -> None:
    words = ["+trainer.num_nodes=2", "+method.optimizer.eps=1e-2", "+share=0.5", "ema=${share}"]
    cfg = compose("train", ["name=t", *words])
    assert cfg.trainer.num_nodes == 2 and cfg.ema == 0.5
