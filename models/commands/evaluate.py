"""`facecue evaluate`: figures of a model on labelled faces, and of the cues on clips."""

from __future__ import annotations

import argparse
import json
import math
import shlex
from pathlib import Path
from typing import Any

from edge.commands.base import Command, add_config, load_settings
from edge.errors import SettingsError
from models.commands import evaluate_cues
from models.commands.base import needs

CONFIG = ("config", "model", "device", "precision")
"""Options that edge.commands.base.add_config adds."""


def _configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="[cues ...]")
    cues = actions.add_parser("cues", help=evaluate_cues.SUMMARY, description=evaluate_cues.SUMMARY)
    evaluate_cues.configure(cues)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder of the data sets")
    parser.add_argument(
        "--folds",
        metavar="N,N",
        help="people of CK+ (tenths) to test on (default: those the model's card kept for testing, else 0,1)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a report with plots there")
    parser.add_argument(
        "--slices",
        action="store_true",
        help="also the same pictures smaller, blurred, dark, moved, ... (minutes)",
    )
    parser.add_argument("--peers", action="store_true", help="also other people's nets on the same pictures")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep answers there, so that a second report is quick"
    )
    parser.add_argument(
        "--annotations",
        type=Path,
        metavar="FILE.csv",
        help="take the answers from a table of facecue annotate --crops instead of running the model",
    )
    parser.add_argument(
        "--write-crops",
        type=Path,
        metavar="FOLDER",
        help="only write the pictures of the evaluation there as PNG, for facecue annotate --crops; "
        "they are the data sets', so they must not be passed on",
    )
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    # Cues are judged by what a device has; faces need what the training needs.
    return evaluate_cues.run(args) if args.action == "cues" else _faces_needed(args)


def _faces(args: argparse.Namespace) -> int:
    if args.data is None:
        raise SettingsError(["--data FOLDER is needed: the folder of the data sets; or name 'cues'"])
    from models.evaluation.evaluate import Request, evaluate, write_crops
    from models.evaluation.html import page
    from models.evaluation.text import table

    settings = load_settings(args).model
    request = Request(args.data, _folds(args.folds), args.slices, args.peers, args.annotations, args.cache)
    if args.write_crops is not None:
        count = write_crops(settings, request, args.write_crops)
        print(
            f"written: {count} pictures; next: facecue annotate --crops {shlex.quote(str(args.write_crops))} "
            "-o FILE.csv, then facecue evaluate --annotations FILE.csv"
        )
        return 0
    for option, path in (("--json", args.json), ("--report", args.report)):
        if path is not None and not path.parent.is_dir():
            raise SettingsError([f"{option} {path} cannot be written (No such file or directory)"])
    report = evaluate(settings, request)
    report["command"] = command(args)
    print(table(report))
    if args.json is not None:
        text = json.dumps(_without_nan(report), indent=1, allow_nan=False)
        _write("--json", args.json, text + "\n")
    if args.report is not None:
        _write("--report", args.report, page(report))
    return 0


def command(args: argparse.Namespace) -> str:
    """The command line that asks for the same report."""
    words = ["facecue", "evaluate"]
    for name in ("data", "folds", "json", "report", "slices", "peers", "cache", "annotations", *CONFIG):
        value = getattr(args, name)
        if value is True:
            words.append(f"--{name}")
        elif value not in (None, False):
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def _folds(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingsError([f"--folds {text}: give whole numbers with commas between"]) from error


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError([f"{option} {path} cannot be written ({error.strerror})"]) from error


def _without_nan(value: Any) -> Any:
    """The same with null where there is no figure: JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_faces_needed = needs("train", _faces)
EVALUATE = Command("evaluate", "figures of a model on labelled faces, or of cues on clips", _configure, _run)
