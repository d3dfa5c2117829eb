"""Settings: frozen dataclasses, filled from defaults, a TOML file and the environment, in that order.

A key is overridden by FACECUE_<SECTION>__<KEY>, for example FACECUE_SPEECH__VOLUME=0.5. Every fault
is reported at once, each with its key, and its line where it stands in the file.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from edge.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENVIRONMENT_PREFIX = "FACECUE_"
LEVELS = ("movements", "attitude", "emotion")
LANGUAGES = ("en",)


def setting(default: Any, doc: str, **limits: Any) -> Any:
    """A field with its documentation and limits: `least`, `most` (numbers) or `choices`."""
    metadata = {"doc": doc, **limits}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class SourceSettings:
    """Where pictures come from."""

    uri: str = setting("0", "camera number, clip, folder of pictures, or rtsp:// or http:// address")
    open_timeout_seconds: float = setting(4.0, "give up opening after this", least=0.1, most=60.0)
    read_timeout_seconds: float = setting(2.0, "a source silent for this long is lost", least=0.1, most=60.0)
    reconnect_seconds: float = setting(1.0, "first pause before trying again; doubles", least=0.05, most=60.0)
    reconnect_most_seconds: float = setting(10.0, "longest pause before trying again", least=0.1, most=600.0)
    width_pixels: int = setting(640, "width asked of a camera", least=64, most=7680)
    height_pixels: int = setting(480, "height asked of a camera", least=64, most=4320)


@dataclass(frozen=True)
class ModelSettings:
    """Which net runs where."""

    folder: str = setting("", "model folder; empty means the released one")
    device: str = setting("auto", "OpenVINO device (CPU, MYRIAD, GPU), or auto: the stick if it is there")
    precision: str = setting("auto", "which artefact of the folder", choices=("auto", "int8", "fp16"))
    threads: int = setting(0, "processor threads for the net; 0 lets the runtime choose", least=0, most=256)


@dataclass(frozen=True)
class FacesSettings:
    """How faces are found."""

    least_score: float = setting(0.75, "detector score below which a face is not one", least=0.0, most=1.0)
    least_size_pixels: int = setting(28, "smaller faces are left alone", least=8, most=2000)
    detect_side_pixels: int = setting(
        480, "longer side of the picture the detector sees", least=64, most=4096
    )
    most_faces: int = setting(4, "faces read in one frame, nearest first", least=1, most=32)


@dataclass(frozen=True)
class CueSettings:
    """What is said, and when."""

    levels: list[str] = setting(  # noqa: RUF009  it makes a field
        ["movements", "attitude"],
        "what is said of a face: any of movements, attitude, emotion",
        choices=LEVELS,
    )
    language: str = setting("en", "language of the cues", choices=LANGUAGES)
    smoothing_seconds: float = setting(0.25, "time constant of the smoothing", least=0.0, most=10.0)
    dwell_seconds: float = setting(
        0.35, "a change must last this long before it is said", least=0.0, most=10.0
    )
    cooldown_seconds: float = setting(4.0, "the same cue is not said again sooner", least=0.0, most=600.0)
    expiry_seconds: float = setting(2.0, "a cue not said after this is dropped", least=0.1, most=60.0)
    enter: float = setting(0.6, "probability from which a movement is there", least=0.5, most=1.0)
    leave: float = setting(0.4, "probability under which it is gone", least=0.0, most=0.5)
    named_from: float = setting(
        0.5, "probability from which an attitude or emotion is named", least=0.0, most=1.0
    )
    least_quality: float = setting(
        0.2, "a face too dark, blurred, small or turned away for this is not read", least=0.0, most=1.0
    )
    person_seconds: float = setting(
        0.3, "a face must be there this long to be a person", least=0.0, most=10.0
    )
    absent_seconds: float = setting(1.0, "a face gone this long has left", least=0.1, most=60.0)


@dataclass(frozen=True)
class SpeechSettings:
    """The voice."""

    enabled: bool = setting(True, "say cues aloud")
    engine: str = setting("pyttsx3", "who makes the voice", choices=("pyttsx3",))
    voice: str = setting("en-us", "espeak voice")
    rate_words_per_minute: int = setting(170, "how fast", least=80, most=450)
    volume: float = setting(1.0, "how loud, 0 to 1", least=0.0, most=1.0)
    player: str = setting("auto", "command that plays a WAV file; auto tries paplay, pw-play, aplay")
    wav: str = setting("", "write the speech to this WAV file instead of playing it")
    timeout_seconds: float = setting(
        5.0, "a voice or player that hangs this long is restarted", least=0.5, most=60.0
    )


@dataclass(frozen=True)
class MqttSettings:
    """Publishing to a broker; nothing is sent while host is empty."""

    host: str = setting("", "broker; empty: nothing is sent")
    port: int = setting(1883, "broker's port", least=1, most=65535)
    prefix: str = setting("facecue", "first level of every topic")
    device: str = setting("", "name of this device in topics; empty means the host name")
    username: str = setting("", "user name at the broker")
    password_file: str = setting("", "file whose first line is the password")
    tls: bool = setting(False, "encrypt the connection")
    ca_file: str = setting("", "certificate authority of the broker; empty means the system's")
    required: bool = setting(True, "stop at start if the broker refuses; false: go on and keep trying")
    keepalive_seconds: int = setting(15, "a dead link is found within twice this", least=5, most=600)
    connect_timeout_seconds: float = setting(
        5.0, "no answer from the broker for this long", least=0.5, most=60.0
    )


@dataclass(frozen=True)
class Settings:
    """Everything a user may set."""

    source: SourceSettings = field(default_factory=SourceSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    faces: FacesSettings = field(default_factory=FacesSettings)
    cues: CueSettings = field(default_factory=CueSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    mqtt: MqttSettings = field(default_factory=MqttSettings)


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Defaults, then the file, then the environment. Raises SettingsError with every fault."""
    environment = os.environ if environment is None else environment
    faults: list[str] = []
    table: dict[str, Any] = {}
    lines: dict[tuple[str, str], int] = {}
    if path is not None:
        table, lines = _read(path)
    overrides = _overrides(environment, faults)
    hints = get_type_hints(Settings)
    sections = {}
    for name in table:
        if name not in hints:
            faults.append(f"{path}{_at(lines, name, '')}: no section [{name}]; known are {', '.join(hints)}")
    for name, kind in hints.items():
        values = table.get(name, {})
        if not isinstance(values, dict):
            faults.append(f"{path}{_at(lines, name, '')}: {name} must be a section [{name}]")
            values = {}
        checked: dict[str, Any] = {}
        known = {f.name: f for f in fields(kind)}
        kinds = get_type_hints(kind)
        for key, value in values.items():
            where = f"{path}{_at(lines, name, key)}: {name}.{key}"
            if key not in known:
                faults.append(f"{where}: no such key; known are {', '.join(known)}")
            else:
                _check(where, value, kinds[key], known[key].metadata, checked, key, faults)
        for key, text in overrides.get(name, {}).items():
            where = f"{ENVIRONMENT_PREFIX}{name.upper()}__{key.upper()}"
            if key not in known:
                faults.append(f"{where}: no such key; known are {', '.join(known)}")
            else:
                value = _parse(text, kinds[key])
                _check(where, value, kinds[key], known[key].metadata, checked, key, faults)
        sections[name] = kind(**checked)
    if faults:
        raise SettingsError(faults)
    settings = Settings(**sections)
    _across(settings, path, faults)
    if faults:
        raise SettingsError(faults)
    return settings


def _read(path: Path) -> tuple[dict[str, Any], dict[tuple[str, str], int]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            [f"{path}: cannot be read ({error.strerror}); give an existing file with --config"]
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: is not a text file in UTF-8"]) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: is not valid TOML: {error}"]) from error
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[+\s*([\w.-]+)\s*\]+", line)
        key = re.match(r"\s*([\w.-]+)\s*=", line)
        if heading:
            section = heading.group(1)
        if heading or key:
            full = ".".join(part for part in (section, key.group(1) if key else "") if part)
            first, _, rest = full.partition(".")
            lines.setdefault((first, rest), number)
    return table, lines


def _at(lines: dict[tuple[str, str], int], section: str, key: str) -> str:
    number = lines.get((section, key)) or lines.get((section, ""))
    return f", line {number}" if number else ""


def _overrides(environment: Mapping[str, str], faults: list[str]) -> dict[str, dict[str, str]]:
    sections = {f.name for f in fields(Settings)}
    out: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, _, key = name[len(ENVIRONMENT_PREFIX) :].lower().partition("__")
        if section not in sections:
            faults.append(f"{name}: no section {section}; known are {', '.join(sorted(sections))}")
        else:
            out.setdefault(section, {})[key] = value
    return out


def _parse(text: str, kind: Any) -> Any:
    """A text of the environment as the type wanted, or as it is where that fails."""
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                text.lower()
            ]
        if kind in (int, float):
            return kind(text)
        if kind == list[str]:
            return [part.strip() for part in text.split(",") if part.strip()]
    except (KeyError, ValueError):
        return text
    return text


def _check(
    where: str,
    value: Any,
    kind: Any,
    limits: Mapping[str, Any],
    checked: dict[str, Any],
    key: str,
    faults: list[str],
) -> None:
    if kind is float and type(value) is int:
        # A float holds no more than this; what lies beyond is out of every range.
        value = float(max(-(10**300), min(value, 10**300)))
    if kind == list[str]:
        right = isinstance(value, list) and all(isinstance(v, str) for v in value)
        wanted = "a list of texts"
    else:
        right = type(value) is kind
        wanted = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}[
            kind
        ]
    if not right:
        faults.append(f"{where}: {value!r} is not {wanted}")
        return
    choices = limits.get("choices")
    if choices is not None:
        for chosen in value if isinstance(value, list) else [value]:
            if chosen not in choices:
                faults.append(f"{where}: {chosen!r} is not one of {', '.join(choices)}")
                return
    least, most = limits.get("least"), limits.get("most")
    # Written so that "not a number" fails too.
    if least is not None and not least <= value <= most:
        faults.append(f"{where}: {value!r} is not between {least} and {most}")
        return
    checked[key] = value


def _across(settings: Settings, path: Path | None, faults: list[str]) -> None:
    """Faults that need more than one key to see."""
    mqtt = settings.mqtt
    for name, value in (("mqtt.password_file", mqtt.password_file), ("mqtt.ca_file", mqtt.ca_file)):
        if value and not Path(value).is_file():
            faults.append(f"{path or 'environment'}: {name}: there is no file {value}")
    if mqtt.host and any(c in mqtt.prefix + mqtt.device for c in "+#"):
        faults.append(f"{path or 'environment'}: mqtt.prefix and mqtt.device may not hold + or #")
    if settings.model.folder and not Path(settings.model.folder).is_dir():
        faults.append(f"{path or 'environment'}: model.folder: there is no folder {settings.model.folder}")
