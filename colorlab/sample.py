"""Colour drawings with a trained run:  python -m colorlab.sample run=runs/<name> input=drawing.png n=8 seed=0"""

from __future__ import annotations

import json
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from colorlab.cli.command import hydra_command
from colorlab.cli.device import require
from colorlab.errors import ConfigError


def sample(cfg: DictConfig) -> None:
    """Write n colourings of every drawing, a contact sheet and the settings that make them again."""
    if (cfg.input is None) == (cfg.split is None):
        raise ConfigError("give either input=<picture or folder> or split=test")
    must_go_together(cfg)
    from colorlab.cli.device import settle_allocator
    from colorlab.sampling.files import coloured_file
    from colorlab.sampling.setup import opened, wishes_of
    from colorlab.sampling.splits import sheet_of_split

    settle_allocator()
    run, method = opened(cfg)
    out = Path(cfg.out) if cfg.out else run.home / "samples"
    wishes = wishes_of(cfg)
    if cfg.split is not None:
        from colorlab.report.grid import save_sheet

        sheet = sheet_of_split(method, run.pictures(), cfg.split, cfg.limit, cfg.n, cfg.seed, wishes)
        print(save_sheet(sheet, out / f"{cfg.split}.png"))
        return
    from colorlab.data.intake import named
    from colorlab.data.intake import shown as printable
    from colorlab.storage.files import write_text

    for path, name in named(Path(cfg.input)).items():
        print(printable(coloured_file(cfg, run, method, wishes, path, out / name)))
    settings = json.dumps(OmegaConf.to_container(cfg, resolve=True), indent=1, ensure_ascii=False) + "\n"
    write_text(out / "sample.json", settings)  # bytes of a name that are no text become JSON's \udc80 to \udcff


def must_go_together(cfg: DictConfig) -> None:
    """ConfigError for what cannot be sampled, where that can be told before the run is opened."""
    if "inpaint" in (cfg.guide or {}) and cfg.hints is None:
        raise ConfigError("guide=[inpaint] keeps known colours, and there are none (give hints=..., see --help)")
    require(cfg.device)


def main() -> None:
    """The command."""
    hydra_command(sample, "sample")


if __name__ == "__main__":
    main()
