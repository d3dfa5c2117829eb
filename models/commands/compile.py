"""`facecue export compile`: whether a network compiles for Myriad X; no stick is needed."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "compile a network for Myriad X, the chip of the Neural Compute Stick 2, with no stick"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "network", type=Path, metavar="IR_OR_FOLDER", help="an IR v10 (.xml), or a model folder that has one"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="keep the compiled blob here")
    parser.add_argument(
        "--stages",
        type=int,
        metavar="N",
        help="refuse a net of more stages (default: the folder's, else 200)",
    )
    parser.epilog = (
        "Shows that the net compiles, not that it runs: numbers, speed and heat need the stick itself. "
        "Needs 'facecue export setup-legacy'."
    )


def run(args: argparse.Namespace) -> int:
    from export.legacy.environment import LegacyEnvironment
    from export.myriad.compile import compile_for_myriad
    from export.myriad.network import network_of

    network = network_of(args.network)
    budget = network.stages if args.stages is None else args.stages
    report = compile_for_myriad(
        network.xml, LegacyEnvironment.need(), args.output, budget, network.blob_sha256
    )
    print(report.table())
    return 0
