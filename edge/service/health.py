"""How the device is, in one snapshot; everything that tells of it is made of this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from edge.service.machine import Machine

RUNNING, STARTING, PAUSED, LOST, STOPPING = "running", "starting", "paused", "camera lost", "stopping"
PREFIX = "facecue_"


@dataclass(frozen=True)
class Health:
    """state: one of the words above. pictures: that went through the loop since the start. rate: per second,
    lately. age_ms, age_p99_ms: from the picture to the end of the work on it, lately. idle_seconds: since the
    last picture. faces: in the last picture. losses: how often the source was lost. troubles: what does not
    work, as keys of the catalogue. safe_mode: why the settings are left aside, "" where they count. falls:
    ends out of order before this start.
    """

    version: str = ""
    state: str = STARTING
    uptime_seconds: float = 0.0
    pictures: int = 0
    rate: float = 0.0
    age_ms: float = 0.0
    age_p99_ms: float = 0.0
    idle_seconds: float = 0.0
    faces: int = 0
    losses: int = 0
    slowed: bool = False
    source: str = ""
    model: str = ""
    device: str = ""
    troubles: tuple[str, ...] = ()
    safe_mode: str = ""
    falls: int = 0
    machine: Machine = field(default_factory=Machine)

    @property
    def well(self) -> bool:
        """Whether it does its work, or has been told not to."""
        return self.state in (RUNNING, PAUSED)


def payload(health: Health) -> dict[str, object]:
    """The snapshot as data for JSON; no text of a stranger's and no password is in it."""
    return {"well": health.well, **asdict(health)}


def words(health: Health) -> str:
    """The snapshot in one line, for people: what does not work first."""
    parts = [health.state]
    if health.safe_mode:
        parts.append(f"safe mode, because {health.safe_mode}")
    parts += [trouble.replace("_", " ") for trouble in health.troubles if trouble != "camera_lost"]
    if health.state == RUNNING:
        parts.append(f"{health.rate:.1f} pictures a second")
        parts.append(f"{health.age_ms:.0f} ms old when told of")
    if health.device:
        parts.append(f"{health.model} on {health.device}".strip())
    if health.machine.celsius is not None:
        parts.append(f"{health.machine.celsius:.0f} degrees")
    if health.slowed:
        parts.append("slowed down")
    if health.machine.battery_percent is not None:
        parts.append(f"battery {health.machine.battery_percent} %")
    return ", ".join(parts)


def metrics(health: Health) -> str:
    """The snapshot in Prometheus' text format 0.0.4."""
    machine = health.machine
    lines: list[str] = []
    rows: list[tuple[str, str, str, float | int | bool | None]] = [
        ("well", "gauge", "1 while it does its work", health.well),
        ("uptime_seconds", "gauge", "since the start", health.uptime_seconds),
        ("pictures_total", "counter", "pictures that went through the loop", health.pictures),
        ("pictures_per_second", "gauge", "lately", health.rate),
        ("picture_age_seconds", "gauge", "median age at the end of the work on it", health.age_ms / 1000),
        ("picture_age_p99_seconds", "gauge", "the same, 99th percentile", health.age_p99_ms / 1000),
        ("picture_idle_seconds", "gauge", "since the last picture", health.idle_seconds),
        ("faces", "gauge", "in the last picture", health.faces),
        ("source_losses_total", "counter", "how often the source was lost", health.losses),
        ("slowed", "gauge", "1 while heat or the battery holds it back", health.slowed),
        ("safe_mode", "gauge", "1 while the settings are left aside", bool(health.safe_mode)),
        ("falls", "gauge", "ends out of order before this start", health.falls),
        ("processor_celsius", "gauge", "temperature of the processor", machine.celsius),
        ("processor_throttled", "gauge", "1 while the processor is held back", machine.throttled),
        ("power_weak", "gauge", "1 while the supply gives too little", machine.weak_power),
        ("battery_percent", "gauge", "0 to 100", machine.battery_percent),
        ("memory_bytes", "gauge", "resident memory", machine.memory_mb * 1e6),
        ("threads", "gauge", "threads of the process", machine.threads),
        ("open_files", "gauge", "file descriptors of the process", machine.files),
    ]
    for name, kind, doc, value in rows:
        if value is not None:
            lines += [f"# HELP {PREFIX}{name} {doc}", f"# TYPE {PREFIX}{name} {kind}"]
            lines.append(f"{PREFIX}{name} {float(value):.10g}")
    lines += [f"# HELP {PREFIX}trouble what does not work", f"# TYPE {PREFIX}trouble gauge"]
    lines += [f"{PREFIX}trouble{_labels({'what': trouble})} 1" for trouble in health.troubles]
    lines += [f"# HELP {PREFIX}info what runs", f"# TYPE {PREFIX}info gauge"]
    info = {"version": health.version, "model": health.model, "device": health.device}
    lines.append(f"{PREFIX}info{_labels(info)} 1")
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    quoted = (
        '{}="{}"'.format(name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for name, value in labels.items()
    )
    return "{" + ",".join(quoted) + "}"
