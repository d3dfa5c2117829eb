"""Vibration, on gpiozero's own pins for tests."""

from __future__ import annotations

import builtins
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge import haptics
from edge.errors import OutputError
from edge.haptics import HapticsSink, pattern_of
from edge.settings import HapticsSettings
from edge.types import Cue, Priority

gpiozero = pytest.importorskip("gpiozero", reason="gpiozero (extra gpio) is not installed")
from gpiozero.pins.mock import MockFactory, MockPWMPin  # noqa: E402  only where there is gpiozero


def cue(kind: str, label: str) -> Cue:
    return Cue(kind, label, label, Priority.NORMAL, 0.0, 2.0)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory(pin_class=MockPWMPin)
    yield made
    made.close()


def levels(factory: MockFactory, pin: int) -> list[float]:
    """What the motor was given, one after the other."""
    return [float(each.state) for each in factory.pin(pin).states]


@pytest.mark.parametrize(
    ("kind", "label", "strengths"),
    [
        ("person", "person_ahead", [0.8, 0.0]),
        ("no_face", "no_face", [0.8, 0.0]),
        ("cue", "smile", [0.8, 0.0, 0.8, 0.0]),
        ("health", "camera_lost", [0.8, 0.0, 0.8, 0.0, 0.8, 0.0]),
        ("health", "cannot_go_on", [0.8, 0.0, 0.8, 0.0, 0.8, 0.0]),
        ("health", "camera_found", []),
        ("cue", "frown", []),
        ("answer", "muted", []),
    ],
)
def test_every_kind_of_cue_has_its_pattern(
    factory: MockFactory, monkeypatch: pytest.MonkeyPatch, kind: str, label: str, strengths: list[float]
) -> None:
    monkeypatch.setattr(haptics, "BETWEEN_SECONDS", 0.0)
    sink = HapticsSink(HapticsSettings(pin="GPIO18", strength=0.8), factory)
    sink.deliver(cue(kind, label))
    # At first it is at rest.
    felt = [round(level, 3) for level in levels(factory, 18)]
    while felt and felt[0] == 0.0:
        felt.pop(0)
    assert felt == strengths
    sink.close()


def test_the_patterns_differ_and_are_short() -> None:
    patterns = [haptics.PERSON, haptics.NOBODY, haptics.SMILE, haptics.ERROR]
    assert len(set(patterns)) == 4
    assert all(sum(pattern) <= 1.5 for pattern in patterns)
    assert pattern_of(cue("health", "stick_absent")) == haptics.ERROR


def test_an_interrupt_stops_it(factory: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(haptics, "PERSON", (100.0,))
    sink = HapticsSink(HapticsSettings(pin="18"), factory)
    thread = threading.Thread(target=sink.deliver, args=(cue("person", "person_ahead"),))
    thread.start()
    deadline = time.monotonic() + 10.0
    while 1.0 not in levels(factory, 18) and time.monotonic() < deadline:
        time.sleep(0.01)
    sink.interrupt()
    thread.join(10.0)
    assert not thread.is_alive()
    assert levels(factory, 18)[-1] == 0.0
    sink.close()


def test_a_pin_that_is_taken_or_none_is_named(factory: MockFactory) -> None:
    first = HapticsSink(HapticsSettings(pin="GPIO18"), factory)
    for pin in ("GPIO18", "GPIO99", "nowhere"):
        with pytest.raises(OutputError, match=rf"haptics\.pin: {pin} cannot be used"):
            HapticsSink(HapticsSettings(pin=pin), factory)
    first.close()


@pytest.mark.filterwarnings("ignore::Warning")  # gpiozero tells of each library that it tried
def test_a_machine_without_pins_is_said_so() -> None:
    with pytest.raises(OutputError, match=r"haptics\.pin: GPIO18 cannot be used"):
        HapticsSink(HapticsSettings(pin="GPIO18"))


def test_without_gpiozero_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "gpiozero":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OutputError, match=r"pip install 'facecue\[gpio\]'"):
        HapticsSink(HapticsSettings(pin="GPIO18"))
