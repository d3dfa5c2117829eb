"""A short soak in every run of the tests; the long one is `python tests/soak/speech_soak.py`."""

from __future__ import annotations

import io
import json

import speech_soak


def test_nothing_urgent_is_lost_whatever_dies() -> None:
    lines = io.StringIO()
    plan = speech_soak.Plan(
        30, "espeak", engine_every=8, hang_every=3, player_every=11, gone_cues=4, warm_cues=13
    )
    outcome = speech_soak.soak(plan, speech_soak.Transcript(lines))
    assert (outcome.lost, outcome.hangs, outcome.left_over, outcome.grown) == ([], [], [], [])
    assert (outcome.engine_killed, outcome.engine_stopped, outcome.player_killed) == (2, 1, 2)
    assert outcome.urgent == 7
    # One fault is reported for the sound card, and one end of it: not one for every cue.
    assert len(outcome.faults) == 2
    heard = [each for each in map(json.loads, lines.getvalue().splitlines()) if each["what"] == "heard"]
    # What an urgent cue cut into was begun and not ended.
    assert any(each["text"].startswith("smiling") and not each["whole"] for each in heard)


def test_a_soak_that_loses_something_fails() -> None:
    assert not speech_soak.Outcome(lost=["camera lost 4"]).good
    assert not speech_soak.Outcome(left_over=["123 Z aplay"]).good
    assert speech_soak.Outcome().good
