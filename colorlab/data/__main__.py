"""Look after data sets and extract line drawings.

python -m colorlab.data check root=FOLDER
    list every picture that cannot be used, and why
python -m colorlab.data check data=coco data.root=FOLDER
    the same for a data set
python -m colorlab.data prepare data=openmoji data.size=64
    decode or render once; the sizes of the splits
python -m colorlab.data lines input=PATH out=FOLDER
    write line drawings of a picture or a folder as PNG; line_style=dilation|xdog|mix
    simplify=none|morph|FILE
python -m colorlab.data prior data=folder data.root=FOLDER out=FILE.safetensors
    how often each colour occurs, for method.classes.prior of cic and marginals
python -m colorlab.data add @iconify-json/openmoji
python -m colorlab.data add FOLDER name=clipart
    a further set for data=illustrations: an npm package of coloured icons, its .tgz, or a folder of
    SVG
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.cli.help import page
from colorlab.cli.plugins import taken
from colorlab.cli.targets import build, class_of
from colorlab.errors import ConfigError, DataError
from colorlab.progress import with_progress

if TYPE_CHECKING:
    from torch import Tensor

    from colorlab.conditions.lines import Lines
    from colorlab.data.folder import PictureFiles


def main(argv: list[str]) -> None:
    """argv: check, prepare, lines, prior or add, then key=value."""
    verbs = {"check": check, "prepare": prepare, "lines": lines, "prior": prior, "add": add}
    if not argv:
        print(__doc__)
    elif argv[0] in ("-h", "--help"):
        print(page("data_command", taken(argv[1:])))
    elif argv[0] not in verbs:
        raise ConfigError(
            f"{argv[0]} is not a command of colorlab.data (choose from {', '.join(verbs)})"
        )
    else:
        verbs[argv[0]](compose("data_command", as_text(_keyed(argv))))


def _keyed(argv: list[str]) -> list[str]:
    """What follows the verb as key=value; what ``add`` is told first is its input."""
    if argv[0] != "add" or len(argv) < 2 or "=" in argv[1]:
        return argv[1:]
    escaped = argv[1].replace("\\", "\\\\").replace("'", "\\'")
    return [f"input='{escaped}'", *argv[2:]]


def check(cfg: DictConfig) -> None:
    """Open every picture; print each that cannot be used. DataError if there are any."""
    from colorlab.data.folder import Folder, PictureFiles

    kind = Folder if cfg.root is not None else class_of(cfg.data._target_)
    if not issubclass(kind, PictureFiles):
        prepare(cfg)
    elif cfg.root is not None:
        _check_files(kind, str(cfg.root), cfg.pixel_limit)
    else:
        _check_files(kind, cfg.data.root, cfg.data.pixel_limit)


def _check_files(kind: type[PictureFiles], root: str | None, pixel_limit: int) -> None:
    from colorlab.data.reader import Reader

    folder = kind.located(root)
    paths = kind.listing(folder).paths
    bad = gray = 0
    for finding in Reader(paths, kind.read, 1, pixel_limit, 0).findings():
        gray += finding.gray
        if finding.reason:
            bad += 1
            print(finding.reason)
    if bad:
        raise DataError(
            f"{bad} of {len(paths)} pictures cannot be used (mend or remove them, or set "
            "data.on_bad=skip)"
        )
    print(f"{len(paths)} pictures, all usable; {gray} of them without colours")


def prepare(cfg: DictConfig) -> None:
    """Fill the cache and print how many pictures and drawings each split has."""
    pictures = build(cfg.data)
    print(f"{cfg.data._target_.rsplit('.')[-1]}: {len(pictures)} pictures at {cfg.data.size} px")
    for split, members in pictures.splits.items():
        drawings = pictures.drawings(split)
        several = sum(len(group) > 1 for group in drawings)
        print(
            f"  {split:5s} {len(members):7d} pictures, {len(drawings)} drawings, {several} with "
            "several colourings"
        )


def lines(cfg: DictConfig) -> None:
    """Write the line drawing of each picture; those that cannot be opened are printed, and a
    DataError at the end."""
    from colorlab.conditions.lines import extractor

    if cfg.input is None or cfg.out is None:
        raise ConfigError(
            "lines needs a picture or folder and a place to write to (input=PATH out=FOLDER)"
        )
    try:
        style = extractor(cfg.line_style, str(cfg.simplify))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    targets = _targets(*(Path(os.path.expanduser(str(path))) for path in (cfg.input, cfg.out)))
    bad = 0
    for number, (source, target) in enumerate(
        with_progress(targets.items(), len(targets), "drawing lines")
    ):
        try:
            _write_lines(source, target, style, cfg, number)
        except DataError as error:
            bad += 1
            print(error)
    print(f"{len(targets) - bad} line drawings in {cfg.out}")
    if bad:
        raise DataError(f"{bad} of {len(targets)} pictures cannot be used (mend or remove them)")


def add(cfg: DictConfig) -> None:
    """Make a set of drawings into an archive; where data=illustrations finds it, its pairs too."""
    from colorlab.data.add import add as added
    from colorlab.data.artists import ART, Artist, added_folder, known
    from colorlab.data.illustrations import STORED

    if cfg.input is None:
        raise ConfigError(
            "add needs an npm package or a folder of SVG (python -m colorlab.data add FOLDER)"
        )
    out = added_folder() if cfg.out is None else Path(os.path.expanduser(str(cfg.out)))
    path, about, usable, refused = added(str(cfg.input), cfg.name, out)
    said = f"{path}: {usable} drawings ({about.title}, {about.license})"
    print(
        said + (f", {refused} refused: they link to other files, or are no SVG" if refused else "")
    )
    name = path.name.split(".")[0]
    if out in (ART, added_folder()):
        print(
            f"{len(Artist(name).rendered(STORED).there())} of them make pairs of lines and "
            "colouring"
        )
        print(f"python -m colorlab.train data=illustrations 'data.sets=[{','.join(known())}]'")


def _targets(source: Path, out: Path) -> dict[Path, Path]:
    """Picture -> PNG to write."""
    from colorlab.data.names import check_apart, output_names, pictures_of

    paths = pictures_of(source)
    targets = {path: out / f"{name}.png" for path, name in output_names(paths, source).items()}
    check_apart(targets.values(), paths)
    return targets


def _write_lines(source: Path, target: Path, style: Lines, cfg: DictConfig, number: int) -> None:
    from PIL import Image

    from colorlab.data.intake import open_picture
    from colorlab.data.pictures import unit
    from colorlab.draws import Draws
    from colorlab.storage.files import replacing

    rgb = unit(open_picture(source, cfg.pixel_limit))[None]
    line = style.varied(rgb, Draws(cfg.seed, [number], purpose="lines"))
    with replacing(target) as temporary:
        Image.fromarray(line[0, 0].mul(255).round().byte().numpy()).save(temporary, "PNG")


def prior(cfg: DictConfig) -> None:
    """Count how often each bin of the ab plane occurs in the training pictures (CIC Sec. 2.2);
    write it, print its entropy and the share of the gray bins."""
    if cfg.out is None:
        raise ConfigError("prior needs a place to write to (out=FILE.safetensors)")
    from colorlab.ab_bins import Bins, entropy, prior_file
    from colorlab.storage.files import write_bytes

    pictures, bins = build(cfg.data), Bins(cfg.bins)
    train = pictures.splits["train"]
    count = min(cfg.pictures, len(train))
    chosen = [int(train[k * (len(train) - 1) // max(count - 1, 1)]) for k in range(count)]
    bins.fit(_ab_values(pictures, chosen), cfg.sigma)
    write_bytes(Path(cfg.out), prior_file(bins.table, bins.prior))
    gray = float(bins.prior[bins.table.norm(dim=1) < 15].sum())
    print(
        f"{cfg.out}: {len(bins)} bins, {count} pictures, entropy {entropy(bins.prior):.2f} nats, "
        f"gray {gray:.0%}"
    )


def _ab_values(pictures: Any, chosen: list[int]) -> Iterator[Tensor]:
    """(pixels, 2) the ab values of 32 pictures at a time, Lab units."""
    from colorlab.color import AB, AB_SCALE

    starts = range(0, len(chosen), 32)
    for start in with_progress(starts, len(starts), "counting"):
        ab = AB_SCALE * AB().encode(pictures[chosen[start : start + 32]].rgb)
        yield ab.movedim(1, -1).flatten(0, 2)


if __name__ == "__main__":
    from colorlab.cli.command import run

    run(main, sys.argv[1:])
