"""Whether the model is sound and the device answers as it should."""

from __future__ import annotations

from edge import self_check
from edge.checks.finding import Finding, right, wrong
from edge.checks.usb import Sightings
from edge.settings import ModelSettings

NAME = "model"


def check(settings: ModelSettings, seen: Sightings) -> Finding:
    """seen: looks at the sticks while the net runs."""
    outcome = self_check.examine(settings, seen.look)
    what = f"{outcome.model} on {outcome.device}: " if outcome.device else ""
    if outcome.status == self_check.PASSED:
        return right(NAME, what + outcome.spoken)
    reason = f" ({outcome.reason})" if outcome.reason else ""
    sentence, _, fix = outcome.spoken.partition(". ")
    return wrong(NAME, f"{what}{sentence}{reason}", fix[:1].lower() + fix[1:], sentence)
