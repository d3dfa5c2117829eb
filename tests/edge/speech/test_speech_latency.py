"""The delay is measured on the real loop, voice and aplay; how long it is, is the machine's affair."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge import speech_latency
from edge.clips import CLIPS
from edge.settings import ModelSettings, Settings, SourceSettings, SpeechSettings
from edge.speech_latency import Report, Spoken

real_aplay = pytest.mark.skipif(
    shutil.which("aplay") is None, reason="aplay (package alsa-utils) is not installed"
)


@real_aplay
def test_every_stage_of_a_cue_is_timed_and_they_add_up(tiny_folder: Path) -> None:
    settings = Settings(
        source=SourceSettings(uri=str(CLIPS / "single_face.mp4")),
        model=ModelSettings(folder=str(tiny_folder)),
        speech=SpeechSettings(engine="espeak", timeout_seconds=30.0),
    )
    report = speech_latency.measure(settings, seconds=5.0, frames_per_second=10.0)
    assert 5 < report.frames <= 52
    assert report.spoken[0].text.startswith("person")
    for each in report.spoken:
        assert set(each.seconds) == set(speech_latency.ORDER)
        assert all(seconds >= 0.0 for seconds in each.seconds.values())
        assert each.total == pytest.approx(sum(each.seconds.values()))
        # A process is started for it: less than this would mean that something else was timed.
        assert each.seconds["player"] > 0.0005
        assert each.seconds["faces"] > 0.0005


def test_what_waited_for_another_cue_is_kept_apart() -> None:
    def spoken(queue: float, player: float) -> Spoken:
        seconds = dict.fromkeys(speech_latency.ORDER, 0.0)
        return Spoken("smiling", {**seconds, "queue": queue, "player": player})

    report = Report(spoken=[spoken(0.01, 0.02), spoken(0.01, 0.04), spoken(0.9, 0.03)])
    assert len(report.free) == 2
    assert report.percentiles_ms(waited_too=False)[0] == pytest.approx(40.0)
    assert report.percentiles_ms(waited_too=True)[0] == pytest.approx(50.0)
    assert report.share("player") == pytest.approx(0.06 / 0.08)
