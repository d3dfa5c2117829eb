"""`facecue annotate`: pictures, folders or clips to a table of faces."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO, TypeVar

from edge import wiring
from edge.annotation import Annotator
from edge.commands.base import Command, add_config, load_settings
from edge.errors import PictureError, SourceError
from edge.sources.clip import ClipReader
from edge.sources.kind import is_clip
from edge.sources.naming import shown, without_credentials
from edge.sources.open import is_live
from edge.sources.picture import pictures_in, read_picture
from edge.types import Frame

_T = TypeVar("_T")

MOST_STATUS = 100
"""The exit status counts unreadable files up to here; above 125 shells use it for signals."""


def _configure(parser: argparse.ArgumentParser) -> None:
    # No Path yet: it would make one slash of the two in an address, and its password be shown.
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture, folder of pictures, or clip")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="CSV file (default: standard output)"
    )
    parser.add_argument("--crops", action="store_true", help="every picture is a face already: look for none")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of a clip, read each N-th frame only"
    )
    # No Path either: its name is shown in messages as it was given.
    parser.add_argument(
        "--neutral",
        metavar="PICTURE",
        help="the resting face of the one person in all pictures: emotions are read as changes from it",
    )
    parser.epilog = (
        "The exit status is the number of files and folders that could not be read "
        f"(at most {MOST_STATUS}); each is named on standard error."
    )
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    if args.every < 1:
        raise SourceError(f"--every {args.every}: give a whole number of 1 or more")
    paths = [_file_or_folder(name, args.output) for name in args.paths]
    finder, net, folder, device = wiring.annotator(load_settings(args))
    annotator = Annotator(finder, net, folder.emotion_stage)
    faults: list[Exception] = []
    with ExitStack() as stack:
        stack.callback(device.close)
        if args.neutral is not None:
            path = _file_or_folder(args.neutral, args.output)
            annotator = annotator.with_neutral(shown(path), read_picture(path), args.crops)
        stream = stack.enter_context(_output(args.output))
        table = csv.DictWriter(stream, annotator.columns, lineterminator="\n")
        table.writeheader()
        for path in _files(paths, args.output, faults):
            for row in _readable(_rows(annotator, path, args.crops, args.every), faults):
                table.writerow(row)
    if faults:
        files = "file" if len(faults) == 1 else "files"
        _say(f"{len(faults)} {files} could not be read")
    return min(len(faults), MOST_STATUS)


def _file_or_folder(name: str, output: Path | None) -> Path:
    """Raises SourceError for what can only be watched, and for what the table would overwrite."""
    if is_live(name) and not name.startswith("/dev/"):
        raise SourceError(
            f"{without_credentials(name)} is a camera or a stream, which facecue run watches; "
            "give a picture, a folder or a clip (./7 for a file named 7)"
        )
    if output is not None and os.path.realpath(name) == os.path.realpath(output):
        raise SourceError(f"{shown(name)} is to be read and written; give another file with -o")
    return Path(name)


def _files(paths: list[Path], output: Path | None, faults: list[Exception]) -> Iterator[Path]:
    """Every file to be read: of a folder those in it, but never the table itself."""
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112  Path raises where it may not look
            yield path
            continue
        files = list(_readable(_listed(path), faults))
        if output is not None:
            files = [file for file in files if file.resolve() != output.resolve()]
        yield from files


def _listed(folder: Path) -> Iterator[Path]:
    files = pictures_in(folder)
    if not files:
        _say(f"the folder {shown(folder)} holds no file to read; name the folders in it one by one")
    yield from files


def _readable(things: Iterator[_T], faults: list[Exception]) -> Iterator[_T]:
    """What can be read, up to a fault, which is told and counted; later files go on."""
    try:
        yield from things
    except (PictureError, SourceError) as error:
        faults.append(error)
        _say(str(error))
    except OSError as error:
        # Raised while reading: an error of writing is raised outside of this generator.
        faults.append(error)
        _say(f"{shown(error.filename or 'a file')} cannot be read: {error.strerror or error}")


def _rows(annotator: Annotator, path: Path, crops: bool, every: int) -> Iterator[dict[str, str]]:
    if not is_clip(path):
        image = read_picture(path)
        if crops:
            yield annotator.crop(str(path), image)
        else:
            yield from annotator.faces(str(path), Frame(image, 0, 0.0))
        return
    reader = ClipReader(path)
    try:
        frame = reader.read()
        while frame is not None:
            if frame.index % every == 0:
                if crops:
                    yield {**annotator.crop(str(path), frame.image), "frame": str(frame.index)}
                else:
                    yield from annotator.faces(str(path), frame)
            frame = reader.read()
    finally:
        reader.close()


def _output(path: Path | None) -> TextIO:
    """Names come out as the bytes they are on the disk; every row at once, to outlive a crash."""
    # Standard output is left open at the end: it belongs to the interpreter.
    target = sys.stdout.fileno() if path is None else path
    try:
        return open(
            target,
            "w",
            buffering=1,
            encoding="utf-8",
            errors="surrogateescape",
            newline="",
            closefd=path is not None,
        )
    except OSError as error:
        raise SourceError(
            f"{shown(path or 'standard output')} cannot be written ({error.strerror}): "
            "give another file with -o"
        ) from error


def _say(sentence: str) -> None:
    print(f"facecue annotate: {sentence}", file=sys.stderr)


COMMAND = Command("annotate", "pictures, folders or clips to a table of faces", _configure, _run)
