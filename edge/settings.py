"""Settings: frozen dataclasses, filled from defaults, a TOML file and the environment, in that order.

A key is overridden by FACECUE_<SECTION>__<KEY>, for example FACECUE_SPEECH__VOLUME=0.5. Every fault
is reported at once, each with its key, and its line where it stands in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from edge import model_choice
from edge.backends import runtimes
from edge.card import ARTEFACTS
from edge.control.plan import planned
from edge.cues.language import LANGUAGES, SOURCE
from edge.cues.verbosity import STEPS
from edge.errors import CommandError, SettingsError
from edge.settings_file import Lines, at, read
from edge.settings_values import checked, parse

ENVIRONMENT_PREFIX = "FACECUE_"
LEVELS = ("movements", "attitude", "emotion")
ENGINES = ("pyttsx3", "espeak", "speech-dispatcher", "piper")
HUB_BROKERS = ("auto", "mosquitto", "amqtt", "none")
EARCONS = ("person", "aim", "error")


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
    open_timeout_seconds: float = setting(
        2.0, "give up opening after this; doubles with every failure, up to four times", least=0.1, most=60.0
    )
    read_timeout_seconds: float = setting(2.0, "a source silent for this long is lost", least=0.1, most=60.0)
    reconnect_seconds: float = setting(1.0, "first pause before trying again; doubles", least=0.05, most=60.0)
    reconnect_most_seconds: float = setting(10.0, "longest pause before trying again", least=0.1, most=600.0)
    width_pixels: int = setting(640, "width asked of a camera", least=64, most=7680)
    height_pixels: int = setting(480, "height asked of a camera", least=64, most=4320)
    frozen_seconds: float = setting(
        5.0, "a live picture identical for this long is a camera that hangs", least=0.5, most=600.0
    )
    rotate_degrees: int = setting(0, "turn pictures clockwise by so many degrees", choices=(0, 90, 180, 270))
    mirror: bool = setting(False, "swap left and right, after turning")
    required: bool = setting(
        True, "stop at start if a camera or stream gives nothing; false: say so and keep trying"
    )
    repeat: bool = setting(False, "begin a clip or folder again at its end")


@dataclass(frozen=True)
class ModelSettings:
    """Which net runs where."""

    name: str = setting("auto", "released model, or auto: the one that suits the device")
    folder: str = setting("", "model folder, instead of a released model")
    runtime: str = setting(
        "auto", "what runs the net, or auto: what is installed", choices=("auto", *runtimes.NAMES)
    )
    device: str = setting(
        "auto",
        "device of the runtime (CPU, GPU, MYRIAD), or auto: a stick if there is one, else the processor",
    )
    precision: str = setting("auto", "which network of the folder", choices=("auto", *ARTEFACTS))
    threads: int = setting(0, "processor threads for the net; 0 lets the runtime choose", least=0, most=256)


@dataclass(frozen=True)
class StickSettings:
    """A Neural Compute Stick, where model.device is one: it runs in a process of its own."""

    required: bool = setting(
        True, "stop at start if the stick is not there; false: begin without it and keep trying"
    )
    boot_seconds: float = setting(
        60.0, "a stick that has not loaded the net by then is started again", least=1.0, most=600.0
    )
    answer_seconds: float = setting(
        2.0, "a stick that does not answer for so long is lost", least=0.1, most=60.0
    )
    retry_seconds: float = setting(
        10.0, "first pause before it is started again; doubles", least=10.0, most=600.0
    )
    retry_most_seconds: float = setting(
        120.0, "longest pause before it is started again", least=10.0, most=3600.0
    )


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

    language: str = setting(SOURCE, "language of what is said", choices=tuple(LANGUAGES))
    levels: list[str] = setting(  # noqa: RUF009  it makes a field
        ["movements", "attitude"],
        "what is said of a face: any of movements, attitude, emotion",
        choices=LEVELS,
    )
    verbosity: str = setting("normal", "how much is said", choices=tuple(STEPS))
    smoothing_seconds: float = setting(0.15, "time constant of the smoothing", least=0.0, most=10.0)
    dwell_seconds: float = setting(
        0.35, "a movement that is sure must last this long before it is said", least=0.0, most=10.0
    )
    unsure_dwell_times: float = setting(
        1.7, "what is only probable must last so many times as long", least=1.0, most=10.0
    )
    agreement: float = setting(
        0.8, "share of the observations that must agree while something lasts", least=0.5, most=1.0
    )
    cooldown_seconds: float = setting(4.0, "the same cue is not said again sooner", least=0.0, most=600.0)
    expiry_seconds: float = setting(2.0, "a cue not said after this is dropped", least=0.1, most=60.0)
    sure_from: float = setting(
        0.6, "probability from which a movement is sure; under it, it is said as maybe", least=0.5, most=1.0
    )
    enter: float = setting(0.45, "probability from which a movement is there", least=0.3, most=1.0)
    leave: float = setting(0.35, "probability under which it is gone", least=0.0, most=0.5)
    least_rise: float = setting(
        0.8, "log-odds above this face's usual level that a movement needs", least=0.0, most=6.0
    )
    faint_from: float = setting(
        0.25, "probability from which a clear change of this face is a movement", least=0.0, most=1.0
    )
    faint_rise: float = setting(
        1.5, "log-odds above this face's usual level that are a clear change", least=0.1, most=6.0
    )
    named_dwell_times: float = setting(
        2.0, "an attitude or emotion must last so many times the dwell", least=1.0, most=20.0
    )
    named_sure_from: float = setting(
        0.7, "probability from which an attitude or emotion is sure", least=0.0, most=1.0
    )
    named_from: float = setting(
        0.5, "probability from which an attitude or emotion is named, as maybe", least=0.0, most=1.0
    )
    named_rise: float = setting(
        0.3, "probability above the least this face has shown that a name needs", least=0.0, most=1.0
    )
    first_named_seconds: float = setting(
        4.0, "what a face looks like from the first moment is named after this", least=0.0, most=60.0
    )
    first_sure_from: float = setting(0.9, "...or at once, if its probability is this", least=0.0, most=1.0)
    talking_swing: float = setting(
        0.8, "log-odds that the mouth opens or shuts by, to count as one turn of speech", least=0.1, most=6.0
    )
    talking_swings: int = setting(3, "turns of the mouth that are speech", least=2, most=20)
    talking_seconds: float = setting(
        1.0, "time in which they must come; speech ends when none came for so long", least=0.2, most=10.0
    )
    talking_dwell_seconds: float = setting(
        1.0, "a movement of somebody who talks must be sure for this long", least=0.0, most=10.0
    )
    talking_named_seconds: float = setting(
        2.5, "an attitude or emotion of somebody who talks must be sure for this long", least=0.0, most=30.0
    )
    least_quality: float = setting(
        0.2, "a face too dark, blurred, small or turned away for this is not read", least=0.0, most=1.0
    )
    least_face_pixels: int = setting(36, "a face smaller than this is not read", least=8, most=2000)
    covered_under: float = setting(
        0.6,
        "a mouth less like its usual self than this (correlation) is covered, and not read; -1: never",
        least=-1.0,
        most=1.0,
    )
    person_seconds: float = setting(
        0.3, "a face must be there this long to be a person", least=0.0, most=10.0
    )
    absent_seconds: float = setting(1.0, "a face gone this long has left", least=0.1, most=60.0)
    place_seconds: float = setting(
        1.0, "near, far, turned away and how many there are must last this long", least=0.0, most=10.0
    )
    near_share: float = setting(
        0.16, "width of a face that is near, as a share of the picture's longer side", least=0.01, most=1.0
    )
    far_share: float = setting(
        0.06, "width of a face that is far, as a share of the picture's longer side", least=0.001, most=1.0
    )
    hint_seconds: float = setting(
        5.0, "a face that cannot be read for this long is told why", least=0.1, most=600.0
    )
    hint_cooldown_seconds: float = setting(
        30.0, "why it cannot be read is not said again sooner", least=0.0, most=3600.0
    )
    neutral_seconds: float = setting(
        4.0, "a person's own resting face is learned over this long; 0: never", least=0.0, most=60.0
    )


@dataclass(frozen=True)
class SpeechSettings:
    """The voice."""

    enabled: bool = setting(True, "say cues aloud")
    engine: str = setting("pyttsx3", "who makes the voice", choices=ENGINES)
    voice: str = setting("", "voice of the engine; empty: the one of cues.language")
    voice_file: str = setting("", "the voice of piper, a file NAME.onnx with NAME.onnx.json beside it")
    rate_words_per_minute: int = setting(170, "how fast", least=80, most=450)
    volume: float = setting(1.0, "how loud, 0 to 1", least=0.0, most=1.0)
    pause_seconds: float = setting(0.15, "silence between two cues", least=0.0, most=10.0)
    earcons: list[str] = setting(  # noqa: RUF009  it makes a field
        ["person", "aim", "error"],
        "short sounds before cues: any of person, aim, error",
        choices=EARCONS,
    )
    player: str = setting("auto", "command that plays a WAV file; auto tries paplay, pw-play, aplay")
    wav: str = setting("", "write the speech to this WAV file instead of playing it")
    timeout_seconds: float = setting(
        5.0, "a voice or player that hangs this long is restarted", least=0.5, most=60.0
    )


@dataclass(frozen=True)
class HapticsSettings:
    """A vibration motor at a GPIO pin."""

    pin: str = setting("", "pin of the motor, as gpiozero names it (GPIO18, BOARD12); empty: none")
    strength: float = setting(1.0, "how hard it vibrates, 0 to 1", least=0.0, most=1.0)


@dataclass(frozen=True)
class BrailleSettings:
    """A braille display, through BRLTTY."""

    enabled: bool = setting(False, "show cues on a braille display")
    host: str = setting("", "where BRLTTY runs, as host:display; empty: on this machine")
    key_file: str = setting("", "BRLTTY's key file; empty: the one that BRLTTY looks for itself")
    keep_seconds: float = setting(20.0, "a cue is taken off again after this", least=1.0, most=3600.0)


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
    cert_file: str = setting("", "certificate of this device, where the broker wants one")
    key_file: str = setting("", "key of cert_file, without a password")
    required: bool = setting(True, "stop at start if the broker refuses; false: go on and keep trying")
    commands: bool = setting(True, "obey commands published on <prefix>/<device>/set/<command>")
    outbox_folder: str = setting(
        "", "folder where cues wait for the broker; empty: the service's or user's state folder"
    )
    home_assistant: bool = setting(False, "tell Home Assistant of this device, so that it shows it")
    home_assistant_prefix: str = setting("homeassistant", "first level of Home Assistant's discovery topics")
    keepalive_seconds: int = setting(
        15, "a dead link on which nothing is sent is found within twice this", least=5, most=600
    )
    connect_timeout_seconds: float = setting(
        5.0, "no answer from the broker for this long", least=0.5, most=60.0
    )


@dataclass(frozen=True)
class HubSettings:
    """What `facecue hub` serves to phones."""

    port: int = setting(8443, "port of the phone page and the status page", least=1, most=65535)
    names: list[str] = setting([], "further names that this computer is reached by")  # noqa: RUF009
    broker: str = setting(
        "auto",
        "which broker it runs; auto: mosquitto where it is installed; none: the one at mqtt.host",
        choices=HUB_BROKERS,
    )
    mqtt_port: int = setting(8883, "port of the broker it runs, for devices, over TLS", least=1, most=65535)
    devices: list[str] = setting(  # noqa: RUF009  it makes a field
        [], "names of the devices that its broker lets in; empty: this one (mqtt.device)"
    )
    websocket: str = setting("", "wss:// address of the broker at mqtt.host for phones; only for broker none")
    state_folder: str = setting("", "where certificates and passwords are kept; empty: the system's place")
    page_folder: str = setting("", "the built phone page; empty: the one that came with facecue")


@dataclass(frozen=True)
class ControlSettings:
    """How the user tells the device what to do while it runs."""

    keyboard: bool = setting(True, "take single keys, where facecue run is started in a terminal")
    buttons: list[str] = setting(  # noqa: RUF009  it makes a field
        [], "buttons at GPIO pins, each: pin, command on a short press, command on a long press"
    )
    long_press_seconds: float = setting(0.8, "a press this long is a long one", least=0.2, most=5.0)
    bounce_seconds: float = setting(
        0.03, "a contact that changes sooner than this is only bouncing", least=0.0, most=0.5
    )


@dataclass(frozen=True)
class PowerSettings:
    """How much power pictures are worth."""

    idle_frames_per_second: float = setting(
        5.0,
        "pictures while no face is there and nothing moves; 0: as many as otherwise",
        least=0.0,
        most=120.0,
    )
    idle_after_seconds: float = setting(
        10.0, "after the last face for this long that begins", least=1.0, most=3600.0
    )
    hot_celsius: float = setting(
        82.0, "from this temperature of the processor pictures are taken more slowly", least=40.0, most=110.0
    )
    hot_frames_per_second: float = setting(
        4.0, "pictures then, and while the battery is low; 0: as many as otherwise", least=0.0, most=120.0
    )
    battery_low_percent: int = setting(15, "a battery is low from here down", least=0, most=100)


@dataclass(frozen=True)
class ServiceSettings:
    """Running unattended."""

    safe_mode: bool = setting(
        True, "after three falls in ten minutes start with the default settings, on the processor"
    )
    status_port: int = setting(
        0, "port of /healthz and /metrics, for this machine alone; 0: none", least=0, most=65535
    )


@dataclass(frozen=True)
class Settings:
    """Everything a user may set."""

    source: SourceSettings = field(default_factory=SourceSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    stick: StickSettings = field(default_factory=StickSettings)
    faces: FacesSettings = field(default_factory=FacesSettings)
    cues: CueSettings = field(default_factory=CueSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    haptics: HapticsSettings = field(default_factory=HapticsSettings)
    braille: BrailleSettings = field(default_factory=BrailleSettings)
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    hub: HubSettings = field(default_factory=HubSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    power: PowerSettings = field(default_factory=PowerSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Defaults, then the file, then the environment. Raises SettingsError with every fault."""
    return load_with_origins(path, environment)[0]


def load_with_origins(
    path: Path | None, environment: Mapping[str, str] | None = None
) -> tuple[Settings, dict[str, str]]:
    """As load(), with "section.key" -> where the value comes from, in words, for those that were given."""
    environment = os.environ if environment is None else environment
    faults: list[str] = []
    table: dict[str, Any] = {}
    lines: Lines = {}
    if path is not None:
        table, lines = read(path)
    overrides = _overrides(environment, faults)
    hints = get_type_hints(Settings)
    sections = {}
    origins: dict[str, str] = {}
    wrong: set[str] = set()
    for name in table:
        if name not in hints:
            faults.append(f"{path}{at(lines, name, '')}: no section [{name}]; known are {', '.join(hints)}")
    for name, kind in hints.items():
        values = table.get(name, {})
        if not isinstance(values, dict):
            faults.append(f"{path}{at(lines, name, '')}: {name} must be a section [{name}]")
            values = {}
        sound: dict[str, Any] = {}
        known = {f.name: f for f in fields(kind)}
        kinds = get_type_hints(kind)
        given = [(f"{path}{at(lines, name, key)}: {name}.{key}", key, value) for key, value in values.items()]
        for key, text in overrides.get(name, {}).items():
            where = f"{ENVIRONMENT_PREFIX}{name.upper()}__{key.upper()}"
            given.append((where, key, parse(text, kinds.get(key))))
        for where, key, value in given:
            if key not in known:
                faults.append(f"{where}: no such key; known are {', '.join(known)}")
                continue
            try:
                sound[key] = checked(value, kinds[key], known[key].metadata)
                origins[f"{name}.{key}"] = where
            except ValueError as error:
                faults.append(f"{where}: {error}")
                wrong.add(f"{name}.{key}")
        sections[name] = kind(**sound)
    faults.extend(_across(Settings(**sections), origins, wrong))
    if faults:
        raise SettingsError(faults)
    return Settings(**sections), origins


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


def _across(settings: Settings, origins: Mapping[str, str], wrong: set[str]) -> Iterator[str]:
    """Faults that need more than one key, or the disk, to see.

    origins: "section.key" -> the words for where its value comes from. wrong: keys with a fault of
    their own, which stand in `settings` with another value than the user's.
    """
    mqtt = settings.mqtt
    for key in ("mqtt.password_file", "mqtt.ca_file", "mqtt.cert_file", "mqtt.key_file"):
        value = getattr(mqtt, key.partition(".")[2])
        if value and (why := _no_file(value)):
            yield f"{origins[key]}: {why}"
    if mqtt.password_file and not mqtt.username and "mqtt.username" not in wrong:
        yield f"{origins['mqtt.password_file']}: is set but mqtt.username is not; set both or neither"
    for low, high in (("leave", "enter"), ("far_share", "near_share")):
        less, more = getattr(settings.cues, low), getattr(settings.cues, high)
        if less >= more and not {f"cues.{low}", f"cues.{high}"} & wrong:
            where = origins.get(f"cues.{low}") or origins[f"cues.{high}"]
            yield f"{where}: cues.{low} ({less}) must be less than cues.{high} ({more})"
    pair = ("mqtt.cert_file", mqtt.cert_file), ("mqtt.key_file", mqtt.key_file)
    for (key, value), (other, other_value) in (pair, pair[::-1]):
        if value and not other_value and other not in wrong:
            yield f"{origins[key]}: is set but {other} is not; set both or neither"
    for key in ("mqtt.prefix", "mqtt.device", "mqtt.home_assistant_prefix"):
        value = getattr(mqtt, key.partition(".")[2])
        if mqtt.host and any(c in value for c in "+#"):
            yield f"{origins[key]}: {value!r} may not hold + or #"
    try:
        planned(settings.control.buttons)
    except CommandError as error:
        yield f"{origins['control.buttons']}: {error}"
    name, folder = settings.model.name, settings.model.folder
    if folder and name != model_choice.AUTO:
        yield f"{origins['model.name']}: is set and so is model.folder; set one of them"
    elif name != model_choice.AUTO and (why := model_choice.why_not(name)):
        yield f"{origins['model.name']}: {why}"
    if folder and not os.path.isdir(folder):  # noqa: PTH112  Path raises where it may not look
        yield f"{origins['model.folder']}: there is no folder {folder}"


def _no_file(name: str) -> str:
    """Why a file cannot be used, or nothing if it is there."""
    try:
        return "" if Path(name).is_file() else f"there is no file {name}"
    except OSError as error:
        return f"{name} cannot be looked at ({error.strerror}); name a file that this user may read"
