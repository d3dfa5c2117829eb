"""`facecue train label`: blendshapes, and action units from them, for pictures that nobody coded."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from edge.errors import SettingsError

SUMMARY = "pseudo labels for face pictures, by MediaPipe's face landmarker"
MOST_STATUS = 100
"""The exit status counts faulty pictures up to here; above 125 shells use it for signals."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pictures",
        type=Path,
        metavar="PICTURES",
        help="folder or .zip of face pictures, or ferplus.npz, ckplus_128.npz",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER_OR_FILE",
        help="where blendshapes_NAME.npz goes, or its own name (.npz)",
    )
    parser.add_argument(
        "--units",
        type=Path,
        metavar="DATA",
        help="also write action units (.npz and .csv), by a map fitted on the coded faces in this folder",
    )
    parser.epilog = (
        "The landmarker is installed on first use into an environment of its own (about 400 MB). Killed "
        "and given again, the command goes on where it was. The exit status is the number of pictures that "
        f"could not be read (at most {MOST_STATUS}); each is named on standard error."
    )


def run(args: argparse.Namespace) -> int:
    from models.data.blendshape_file import title_of
    from models.labelling.label import label
    from models.labelling.pictures import open_pictures

    logging.getLogger("models").setLevel(logging.INFO)
    path = _output(args.output, title_of(args.pictures))
    faults: tuple[str, ...] = ()
    with open_pictures(args.pictures) as pictures:
        if path.exists():
            print(f"{path} is there already; remove it to label anew")
        else:
            done = label(pictures, path)
            faults = done.faults
            print(f"written: {path}; a face in {done.detected} of {done.pictures} pictures")
    if args.units is not None:
        from models.labelling.units import write_units

        print(write_units(args.pictures, path, args.units))
    if faults:
        print(
            f"facecue train: {len(faults)} pictures could not be read or labelled (named above)",
            file=sys.stderr,
        )
    return min(len(faults), MOST_STATUS)


def _output(given: Path, title: str) -> Path:
    path = given if given.suffix == ".npz" else given / f"blendshapes_{title}.npz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError([f"-o {given}: {path.parent} cannot be made ({error.strerror})"]) from error
    return path
