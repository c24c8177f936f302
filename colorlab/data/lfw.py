"""Labeled Faces in the Wild (Huang et al., 2007), in torchvision's folders or any of the archives
unpacked."""

from __future__ import annotations

from pathlib import Path

from colorlab.data.folder import Listing, PictureFiles
from colorlab.data.intake import find_pictures, printable
from colorlab.errors import DataError
from colorlab.storage.plain import content

ARCHIVES = ("lfw-deepfunneled", "lfw_funneled", "lfw")  # the first that is there is used


class LFW(PictureFiles):
    """One folder of photographs per person. peopleDevTest.txt, if it lies beside, names the test
    people; without it people are dealt to the splits. No person is in two splits. The label numbers
    the people, the caption is the name."""

    advice = (
        "fetch lfw-deepfunneled.tgz, lfw-funneled.tgz or lfw.tgz, and peopleDevTest.txt, unpack, "
        "data.root=there"
    )

    @classmethod
    def listing(cls, root: Path) -> Listing:
        folder = photographs(root)
        if folder is None:
            raise DataError(f"{printable(root)} holds none of {', '.join(ARCHIVES)} ({cls.advice})")
        paths = find_pictures(folder)
        people = [path.parent.name for path in paths]
        number = {person: k for k, person in enumerate(sorted(set(people)))}
        held_out = people_in(folder.parent / "peopleDevTest.txt")
        split = ["test" if person in held_out else "train" for person in people]
        names = [person.replace("_", " ") for person in people]
        return Listing(paths, split, people, names, [number[person] for person in people])


def photographs(root: Path) -> Path | None:
    """The folder of people's folders: root itself, or inside it, or inside torchvision's lfw-py in
    it."""
    if root.name in ARCHIVES:
        return root
    places = [root / inside / archive for inside in ("lfw-py", ".") for archive in ARCHIVES]
    return next((place for place in places if place.is_dir()), None)


def people_in(file: Path) -> set[str]:
    """The names in a list of people: a line with their number, then lines of a name, a tab and a
    number of pictures."""
    if not file.is_file():
        return set()
    lines = content(file).decode("utf-8", "replace").splitlines()
    return {line.split("\t")[0].strip() for line in lines if "\t" in line}
