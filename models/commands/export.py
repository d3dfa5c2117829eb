"""`facecue export`: a trained checkpoint to a proven model folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.commands.base import Command
from models.commands.base import needs


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="net.safetensors of a training")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="model folder")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="data sets for the ranges of INT8 (default: bundled clips)",
    )


def _run(args: argparse.Namespace) -> int:
    from export.folder import export_model
    from models.exporting import request
    from models.networks import deployed

    report = export_model(request(deployed.load(args.checkpoint), args.data), args.output, print)
    print(report.table())
    return 0


EXPORT = Command("export", "a trained checkpoint to a proven model folder", _configure, needs("export", _run))
