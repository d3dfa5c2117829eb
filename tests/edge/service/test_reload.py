"""Which settings count at once, and what stays as it was when they change."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from edge.cues.director import CueDirector
from edge.service.reload import LIVE, WAITING, applies, changes
from edge.settings import CueSettings, ModelSettings, MqttSettings, Settings, SourceSettings, SpeechSettings
from edge.types import Box, Cue, Face


def test_what_differs_is_sorted_by_when_it_counts() -> None:
    new = Settings(
        source=SourceSettings(uri="1"),
        model=ModelSettings(device="CPU"),
        cues=CueSettings(language="de", dwell_seconds=1.0),
        speech=SpeechSettings(volume=0.5, engine="piper"),
        mqtt=MqttSettings(host="broker"),
    )
    found = changes(Settings(), new)
    assert found.now == ("source", "cues", "speech")
    assert found.later == ("model.device", "cues.language", "speech.engine", "mqtt.host")
    assert changes(new, replace(new)) == changes(Settings(), Settings())
    assert changes(new, new).now == changes(new, new).later == ()


def test_every_key_that_is_named_exists() -> None:
    for table in (LIVE, WAITING):
        for section, keys in table.items():
            known = {key.name for key in fields(getattr(Settings(), section))}
            assert set(keys) <= known
    assert applies("cues", "enter") and applies("speech", "volume")
    assert not applies("cues", "language") and not applies("speech", "engine")
    assert not applies("model", "device")


def face(track: int) -> Face:
    return Face(Box(100, 50, 80, 80), np.zeros((5, 2), np.float32), 0.9, track)


def told(director: CueDirector, track: int, begin: float, seconds: float) -> list[Cue]:
    cues: list[Cue] = []
    now = begin
    while now < begin + seconds:
        cues += director.update(face(track), None, 320, now, 1, 240)
        now += 0.1
    return cues


@pytest.mark.parametrize("takes_over", [True, False])
def test_who_was_told_of_is_not_told_of_again(takes_over: bool) -> None:
    first = CueDirector(CueSettings())
    assert [cue.label for cue in told(first, 1, 0.0, 2.0)][:1] == ["person_ahead"]
    second = CueDirector(CueSettings(cooldown_seconds=1.0), before=first if takes_over else None)
    again = "person_ahead" in [cue.label for cue in told(second, 1, 2.0, 2.0)]
    assert again is not takes_over


def test_another_person_is_told_of_after_it() -> None:
    first = CueDirector(CueSettings())
    told(first, 1, 0.0, 2.0)
    second = CueDirector(CueSettings(), before=first)
    gone = [cue.label for t in np.arange(2.0, 4.0, 0.1) for cue in second.update(None, None, 320, float(t))]
    assert gone == ["no_face"]
    assert "person_ahead" in [cue.label for cue in told(second, 2, 4.0, 2.0)]
