"""`facecue self-check`: does this device give the answers the net was released with?"""

from __future__ import annotations

import argparse

from edge import wiring
from edge.commands.base import Command, add_config, load_settings
from edge.golden_check import check


def _configure(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    folder = wiring.model(settings.model)
    device = wiring.backend(settings.model, folder)
    try:
        result = check(folder, device)
    finally:
        device.close()
    print(f"{folder.card.name} {folder.card.version}, {folder.precision}, on {device.description}")
    print(
        f"{result.crops} golden faces: largest difference of a probability {result.probability:.4f} "
        f"(allowed {result.allowed.probability:.4f}), decisions changed {result.flipped_share:.2%} "
        f"(allowed {result.allowed.flipped_share:.2%}), emotions changed {result.emotion_share:.2%} "
        f"(allowed {result.allowed.emotion_share:.2%})"
    )
    print(result.words)
    return 0 if result.passed else 1


COMMAND = Command("self-check", "compare this device's answers with the released ones", _configure, _run)
