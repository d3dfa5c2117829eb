"""`facecue annotate`: pictures, folders or clips to a table of faces."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from edge import wiring
from edge.annotation import Annotator
from edge.commands.base import Command, add_config, load_settings
from edge.errors import PictureError, SourceError
from edge.sources.clip import ClipReader
from edge.sources.kind import is_clip
from edge.sources.picture import pictures_in, read_picture
from edge.types import Frame

MOST_STATUS = 100
"""The exit status counts unreadable files up to here; above 125 shells use it for signals."""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="picture, folder of pictures, or clip"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="CSV file (default: standard output)"
    )
    parser.add_argument("--crops", action="store_true", help="every picture is a face already: look for none")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of a clip, read each N-th frame only"
    )
    parser.epilog = (
        f"The exit status is the number of files that could not be read (at most {MOST_STATUS}); "
        "each is named on standard error."
    )
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    if args.every < 1:
        raise SourceError(f"--every {args.every}: give a whole number of 1 or more")
    settings = load_settings(args)
    finder, net, folder, device = wiring.annotator(settings, settings.faces)
    annotator = Annotator(finder, net, folder.emotion_stage)
    faults = 0
    with ExitStack() as stack:
        stack.callback(device.close)
        stream = stack.enter_context(_output(args.output))
        table = csv.DictWriter(stream, annotator.columns, lineterminator="\n")
        table.writeheader()
        for path in _files(args.paths):
            try:
                table.writerows(_rows(annotator, path, args.crops, args.every))
            except (PictureError, SourceError) as error:
                faults += 1
                print(f"facecue annotate: {error}", file=sys.stderr)
    if faults:
        files = "file" if faults == 1 else "files"
        print(f"facecue annotate: {faults} {files} could not be read", file=sys.stderr)
    return min(faults, MOST_STATUS)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from pictures_in(path)
        else:
            yield path


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
    if path is None:
        # Left open at the end: it belongs to the interpreter.
        return open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise SourceError(
            f"{path} cannot be written ({error.strerror}): give another file with -o"
        ) from error


COMMAND = Command("annotate", "pictures, folders or clips to a table of faces", _configure, _run)
