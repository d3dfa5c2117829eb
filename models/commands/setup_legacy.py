"""`facecue export setup-legacy`: OpenVINO 2021.4.2 in an environment of its own."""

from __future__ import annotations

import argparse

SUMMARY = "install OpenVINO 2021.4.2, which writes and compiles the network for the stick"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "It needs 64-bit x86 and Python 3.9 or 3.8 on PATH or in pyenv, and about 350 MB below "
        "$XDG_CACHE_HOME/facecue or ~/.cache/facecue. Once is enough."
    )


def run(_: argparse.Namespace) -> int:
    from export.legacy.environment import LegacyEnvironment

    print(f"OpenVINO 2021.4.2 is ready in {LegacyEnvironment.set_up(print).folder}")
    return 0
