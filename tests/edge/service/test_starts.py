"""Falls are counted, over boots, full disks and damaged files; then the settings are left aside."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.errors import SettingsError
from edge.service.start import SOURCE_FALLS, choose
from edge.service.starts import FILE, Starts
from edge.settings import (
    CueSettings,
    ModelSettings,
    ServiceSettings,
    Settings,
    SourceSettings,
    SpeechSettings,
)

WANTED = Settings(
    source=SourceSettings(uri="rtsp://camera/"),
    model=ModelSettings(device="MYRIAD"),
    cues=CueSettings(language="de", dwell_seconds=3.0),
    speech=SpeechSettings(engine="piper", volume=0.4),
)


class Times:
    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


def fallen(folder: Path, times: int, clock: Times | None = None) -> Starts:
    clock = clock or Times()
    for _ in range(times):
        Starts(folder, clock, "boot").begin()
        clock.now += 5.0
    starts = Starts(folder, clock, "boot")
    starts.begin()
    return starts


def test_three_falls_make_it_safe(tmp_path: Path) -> None:
    clock = Times()
    assert [fallen(tmp_path, 0, clock).safe for _ in range(5)] == [False, False, False, True, True]


def test_a_run_that_ended_in_good_order_is_no_fall(tmp_path: Path) -> None:
    for _ in range(10):
        starts = Starts(tmp_path, Times(), "boot")
        assert starts.begin() == 0
        starts.well()


def test_falls_of_long_ago_and_of_another_boot_do_not_count(tmp_path: Path) -> None:
    clock = Times()
    fallen(tmp_path, 4, clock)
    assert Starts(tmp_path, clock, "another").begin() == 0
    fallen(tmp_path, 4, clock)
    clock.now += 700.0
    assert Starts(tmp_path, clock, "boot").begin() == 0


def test_pauses_grow_and_end(tmp_path: Path) -> None:
    clock = Times()
    pauses = [fallen(tmp_path, 0, clock).pause_seconds for _ in range(12)]
    assert pauses[:6] == [0.0, 0.0, 0.0, 0.0, 5.0, 15.0]
    assert pauses[-1] == 60.0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": "boot"}', '{"boot": "boot", "starts": ["x"]}'])
def test_a_damaged_file_is_begun_anew(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text(text)
    assert Starts(tmp_path, Times(), "boot").begin() == 0
    assert "begun anew" in caplog.text
    assert Starts(tmp_path, Times(), "boot").begin() == 1


def test_a_folder_that_cannot_be_written_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    starts = Starts(tmp_path / "missing", Times(), "boot")
    assert starts.begin() == 0
    starts.well()
    assert "cannot be written" in caplog.text


def test_settings_that_are_right_are_used(tmp_path: Path) -> None:
    assert choose(lambda: WANTED, Settings, fallen(tmp_path, 2)).settings is WANTED


def test_after_falls_the_defaults_speak_on_the_processor(tmp_path: Path) -> None:
    start = choose(lambda: WANTED, Settings, fallen(tmp_path, 3))
    assert start.opening == ("safe_mode", "after_faults")
    assert start.safe_mode == "it fell 3 times in ten minutes"
    settings = start.settings
    assert settings.model == ModelSettings(device="CPU")
    assert (settings.source.uri, settings.source.required) == ("rtsp://camera/", False)
    assert (settings.cues.language, settings.cues.dwell_seconds) == ("de", CueSettings().dwell_seconds)
    assert (settings.speech.volume, settings.speech.engine) == (0.4, "pyttsx3")


def test_a_source_that_fells_the_safe_mode_too_is_left(tmp_path: Path) -> None:
    start = choose(lambda: WANTED, Settings, fallen(tmp_path, SOURCE_FALLS))
    assert start.settings.source == SourceSettings(required=False)


def test_who_does_not_want_a_safe_mode_has_none(tmp_path: Path) -> None:
    wanted = Settings(service=ServiceSettings(safe_mode=False))
    assert choose(lambda: wanted, Settings, fallen(tmp_path, 9)).settings is wanted


def wrong() -> Settings:
    raise SettingsError(["cues.enter: is wrong", "faces: is wrong"])


@pytest.mark.parametrize("defaults", [lambda: WANTED, wrong])
def test_wrong_settings_are_told_and_do_not_silence_it(
    defaults: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        start = choose(wrong, defaults, Starts(tmp_path))  # type: ignore[arg-type]
    assert start.opening == ("settings_wrong", "safe_mode")
    assert [record.message for record in caplog.records] == ["cues.enter: is wrong", "faces: is wrong"]
    assert start.settings.source.uri == (WANTED.source.uri if defaults is not wrong else "0")
    assert start.settings.source.required is False
