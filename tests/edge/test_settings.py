"""Defaults, then the file, then the environment; every fault at once, with its key and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from edge import settings
from edge.errors import FacecueError, SettingsError
from edge.settings import Settings


def write(folder: Path, text: str) -> Path:
    path = folder / "facecue.toml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> Settings:
    return settings.load(write(folder, text), environment or {})


def faults(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder, text, environment)
    found = list(caught.value.faults)
    assert str(caught.value) == "\n".join(found)
    assert isinstance(caught.value, FacecueError)
    return found


def test_without_file_and_environment_there_are_the_defaults() -> None:
    made = settings.load(None, {})
    assert made == Settings()
    assert made.cues.levels == ["movements", "attitude"]
    assert made.model.device == "auto"
    # A list of its own for each.
    assert made.cues.levels is not Settings().cues.levels


def test_every_key_is_documented_and_its_default_is_within_its_limits() -> None:
    assert {f.name for f in fields(Settings)} == {
        "source",
        "model",
        "stick",
        "faces",
        "cues",
        "speech",
        "haptics",
        "braille",
        "mqtt",
        "hub",
        "control",
        "power",
        "service",
    }
    for section in fields(Settings):
        made = getattr(Settings(), section.name)
        for key in fields(made):
            assert key.metadata["doc"]
            value = getattr(made, key.name)
            if "choices" in key.metadata:
                chosen = value if isinstance(value, list) else [value]
                assert set(chosen) <= set(key.metadata["choices"])
            elif type(value) in (int, float):
                assert key.metadata["least"] <= value <= key.metadata["most"]


def test_the_file_overrides_the_defaults_and_the_environment_the_file(tmp_path: Path) -> None:
    text = "[source]\nuri = 'a.mp4'\n[cues]\ndwell_seconds = 1\nlevels = ['emotion']\n[speech]\nvolume = 0.25"
    made = load(tmp_path, text)
    assert made.source.uri == "a.mp4"
    assert made.cues.dwell_seconds == 1.0
    assert isinstance(made.cues.dwell_seconds, float)
    assert made.cues.levels == ["emotion"]
    assert made.speech.volume == 0.25
    assert made.faces == Settings().faces

    made = load(
        tmp_path, text, {"FACECUE_SPEECH__VOLUME": "0.5", "FACECUE_CUES__LEVELS": "attitude, movements"}
    )
    assert made.speech.volume == 0.5
    assert made.cues.levels == ["attitude", "movements"]
    assert made.source.uri == "a.mp4"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("FACECUE_SPEECH__ENABLED", "false", False),
        ("FACECUE_SPEECH__ENABLED", "YES", True),
        ("FACECUE_SPEECH__ENABLED", "0", False),
        ("FACECUE_SPEECH__VOICE", "en-gb", "en-gb"),
        ("FACECUE_SOURCE__URI", "1", "1"),
        ("FACECUE_SOURCE__WIDTH_PIXELS", "1280", 1280),
        ("FACECUE_CUES__DWELL_SECONDS", "1", 1.0),
        ("FACECUE_CUES__LEVELS", "", []),
    ],
)
def test_texts_of_the_environment_become_the_type_of_their_key(name: str, text: str, value: object) -> None:
    section, key = name[len("FACECUE_") :].lower().split("__")
    found = getattr(getattr(settings.load(None, {name: text}), section), key)
    assert found == value
    assert type(found) is type(value)


def test_the_environment_of_the_process_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACECUE_SOURCE__URI", "rtsp://camera/1")
    monkeypatch.setenv("FACECUE_HOME", "not a setting")
    assert settings.load(None).source.uri == "rtsp://camera/1"


FAULTS = {
    "text for number": ("[cues]\n\ndwell_seconds = 'x'", "line 3: cues.dwell_seconds: 'x' is not a number"),
    "number for text": ("[source]\nuri = 0", "line 2: source.uri: 0 is not a text in quotes"),
    "bool for int": (
        "[source]\nwidth_pixels = true",
        "line 2: source.width_pixels: True is not a whole number",
    ),
    "bool for float": ("[speech]\nvolume = true", "line 2: speech.volume: True is not a number"),
    "int for bool": ("[speech]\nenabled = 1", "line 2: speech.enabled: 1 is not true or false"),
    "float for int": ("[model]\nthreads = 2.0", "line 2: model.threads: 2.0 is not a whole number"),
    "nan": ("[cues]\nenter = nan", "line 2: cues.enter: nan is not between 0.3 and 1.0"),
    "inf": (
        "[cues]\ncooldown_seconds = inf",
        "line 2: cues.cooldown_seconds: inf is not between 0.0 and 600.0",
    ),
    "-inf": ("[cues]\nleave = -inf", "line 2: cues.leave: -inf is not between 0.0 and 0.5"),
    "too small": ("[faces]\nmost_faces = 0", "line 2: faces.most_faces: 0 is not between 1 and 32"),
    "too large": ("[cues]\nenter = 1.1", "line 2: cues.enter: 1.1 is not between 0.3 and 1.0"),
    "choice": (
        "[model]\nprecision = 'fp32'",
        "line 2: model.precision: 'fp32' is not one of auto, int8, fp16",
    ),
    "text for list": (
        "[cues]\nlevels = 'attitude'",
        "line 2: cues.levels: 'attitude' is not a list of texts",
    ),
    "list of numbers": ("[cues]\nlevels = [1]", "line 2: cues.levels: [1] is not a list of texts"),
    "choice in list": ("[cues]\nlevels = ['mood']", "line 2: cues.levels: 'mood' is not one of movements"),
    "unknown key": ("[speech]\n# a word\nvolum = 1", "line 3: speech.volum: no such key; known are enabled"),
    "unknown section": ("[camera]\nuri = '0'", "line 1: no section [camera]; known are source"),
    "key without section": ("uri = '0'", "line 1: no section [uri]"),
    "section as value": ("\nspeech = 3", "line 2: speech must be a section [speech]"),
    "section as array": ("[[speech]]\nvolume = 1", "line 1: speech must be a section [speech]"),
    "dotted key": ("cues.enter = 2", "line 1: cues.enter: 2.0 is not between"),
    "spaces and indents": ("[ cues ]\n   enter=2", "line 2: cues.enter: 2.0 is not between"),
    "inline table": ("\ncues = { enter = 2 }", "line 2: cues.enter: 2.0 is not between"),
    "quoted key": ('[cues]\n"enter" = 2', "line 1: cues.enter: 2.0 is not between"),
    "date": (
        "[speech]\nvolume = 2020-01-01",
        "line 2: speech.volume: datetime.date(2020, 1, 1) is not a number",
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_has_its_file_its_line_and_its_key(tmp_path: Path, kind: str) -> None:
    text, wanted = FAULTS[kind]
    found = faults(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path / 'facecue.toml'}, {wanted}")


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_beyond_every_float_is_a_fault_too(tmp_path: Path, sign: str) -> None:
    (found,) = faults(tmp_path, f"[speech]\nvolume = {sign}1{'0' * 400}")
    assert "line 2: speech.volume" in found
    assert "is not between 0.0 and 1.0" in found


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("FACECUE_SPEECH__VOLUME", "loud", "'loud' is not a number"),
        ("FACECUE_SPEECH__VOLUME", "nan", "nan is not between"),
        ("FACECUE_SPEECH__VOLUME", "inf", "inf is not between"),
        ("FACECUE_SPEECH__VOLUME", "", "'' is not a number"),
        ("FACECUE_SPEECH__ENABLED", "maybe", "'maybe' is not true or false"),
        ("FACECUE_MODEL__THREADS", "1.5", "'1.5' is not a whole number"),
        ("FACECUE_MODEL__PRECISION", "fp8", "'fp8' is not one of"),
        ("FACECUE_CUES__LEVELS", "attitude,mood", "'mood' is not one of"),
        ("FACECUE_SPEECH__VOLUM", "1", "no such key"),
        ("FACECUE_CAMERA__URI", "1", "no section camera"),
    ],
)
def test_a_fault_of_the_environment_names_the_variable(name: str, text: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(None, {name: text})
    (found,) = caught.value.faults
    assert found.startswith(f"{name}: ")
    assert why in found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "[camera]\nx = 1\n[speech]\nvolume = 7\nvoice = 1\n[cues]\nenter = nan\n"
    found = faults(tmp_path, text, {"FACECUE_MODEL__THREADS": "many", "FACECUE_NO__SUCH": "1"})
    assert len(found) == 6
    for part in ("[camera]", "speech.volume", "speech.voice", "cues.enter", "MODEL__THREADS", "NO__SUCH"):
        assert sum(part in fault for fault in found) == 1


def test_a_sound_environment_does_not_hide_a_fault_of_the_file(tmp_path: Path) -> None:
    assert len(faults(tmp_path, "[speech]\nvolume = 7", {"FACECUE_SPEECH__VOLUME": "1"})) == 1


@pytest.mark.parametrize("text", ["[speech", "volume = ", "[speech]\nvolume = 1\nvolume = 2"])
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    (found,) = faults(tmp_path, text + "\n# the end\n")
    assert "is not valid TOML" in found
    assert "(at line " in found


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.toml", "cannot be read"), (tmp_path, "cannot be read")):
        with pytest.raises(SettingsError, match=why) as caught:
            settings.load(path, {})
        assert str(path) in str(caught.value)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not a text file in UTF-8"):
        settings.load(binary, {})


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (
            "[mqtt]\nusername = 'u'\npassword_file = '/no/such/file'",
            "line 3: mqtt.password_file: there is no file /no/such/file",
        ),
        ("[mqtt]\nca_file = '/no/such/file'", "line 2: mqtt.ca_file: there is no file /no/such/file"),
        ("[mqtt]\nhost = 'h'\ndevice = 'a/#'", "line 3: mqtt.device: 'a/#' may not hold + or #"),
        ("[mqtt]\nhost = 'h'\nprefix = '+'", "line 3: mqtt.prefix: '+' may not hold + or #"),
        ("[model]\nfolder = '/no/such/folder'", "line 2: model.folder: there is no folder /no/such/folder"),
    ],
)
def test_what_a_setting_points_to_must_be_there(tmp_path: Path, text: str, where: str) -> None:
    (found,) = faults(tmp_path, text)
    assert found == f"{tmp_path / 'facecue.toml'}, {where}"


def test_what_a_variable_points_to_must_be_there_and_the_variable_is_named(tmp_path: Path) -> None:
    (found,) = faults(
        tmp_path,
        f"[mqtt]\nca_file = '{tmp_path / 'facecue.toml'}'",
        {"FACECUE_MQTT__CA_FILE": "/no/such/file"},
    )
    assert found == "FACECUE_MQTT__CA_FILE: there is no file /no/such/file"


def test_faults_of_single_keys_do_not_hide_those_across_keys(tmp_path: Path) -> None:
    text = "[speech]\nvolume = 7\n[mqtt]\nca_file = '/no/such/file'\n"
    found = faults(tmp_path, text, {"FACECUE_MODEL__FOLDER": "/no/such/folder"})
    assert [fault.split(": ")[0].rpartition(", ")[2] for fault in found] == [
        "line 2",
        "line 4",
        "FACECUE_MODEL__FOLDER",
    ]


def test_a_movement_is_gone_under_less_than_it_comes_from(tmp_path: Path) -> None:
    for text, where in (
        ("[cues]\nleave = 0.5", "line 2: cues.leave: cues.leave (0.5) must be less than cues.enter (0.45)"),
        ("[cues]\nenter = 0.35", "line 2: cues.enter: cues.leave (0.35) must be less than cues.enter (0.35)"),
        (
            "[cues]\nnear_share = 0.05",
            "line 2: cues.near_share: cues.far_share (0.06) must be less than cues.near_share (0.05)",
        ),
    ):
        (found,) = faults(tmp_path, text)
        assert found == f"{tmp_path / 'facecue.toml'}, {where}"
    # A value that is wrong by itself is told once.
    assert len(faults(tmp_path, "[cues]\nenter = 0.1")) == 1


def test_a_password_needs_a_user_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("word\n", encoding="utf-8")
    text = f"[mqtt]\npassword_file = '{secret}'\n"
    (found,) = faults(tmp_path, text)
    assert "line 2: mqtt.password_file: is set but mqtt.username is not" in found
    assert load(tmp_path, text + "username = 'glasses'\n").mqtt.password_file == str(secret)
    # A user name that is there but wrong is one fault, not two.
    assert len(faults(tmp_path, text + "username = 3\n")) == 1


def test_a_file_that_may_not_be_looked_at_is_a_fault(tmp_path: Path) -> None:
    # Longer than any file system allows: like a folder without rights, the system refuses to look.
    name = "x" * 5000
    (found,) = faults(tmp_path, f"[mqtt]\nca_file = '{name}'\n")
    assert found.startswith(f"{tmp_path / 'facecue.toml'}, line 2: mqtt.ca_file: ")


def test_a_key_that_nothing_reads_is_unknown(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, "[cues]\ndialect = 'en'\n")
    assert "cues.dialect: no such key" in found
