"""`facecue train check`: what is in the data, and what is wrong with it."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "what the data hold, and every fault in them"
FAULTY = 2


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder of the data sets, or pictures of your own: with labels.csv, or in folders named "
        "after emotions, also as .zip",
    )
    parser.add_argument(
        "--recipe",
        type=Path,
        metavar="RECIPE.toml",
        help="whose split of people counts (default: that of the released nets)",
    )
    parser.epilog = "The exit status is 2 where something is wrong."


def run(args: argparse.Namespace) -> int:
    from models.data import checks, overview

    sets = overview.of_folder(args.data, args.recipe)
    print(overview.table([*sets.train, *sets.apart]))
    found = list(checks.findings(sets.train, sets.apart, near_twins=True))
    for finding in found:
        print(f"{'fault' if finding.fault else 'note'}: {finding.sentence}")
    faults = sum(finding.fault for finding in found)
    print("nothing is wrong" if not faults else f"{faults} fault{'s' if faults > 1 else ''}")
    return FAULTY if faults else 0
