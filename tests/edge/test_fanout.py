"""Every cue goes to the events file and to every outlet."""

from __future__ import annotations

import io
import json
import threading

import pytest

from edge.errors import SpeechError
from edge.fanout import MOST_REMEMBERED, DirectOutlet, EventsFile, FanOut
from edge.loop import health
from edge.types import Cue, Priority


def cue(text: str = "smiling") -> Cue:
    return Cue("cue", "smile", text, Priority.NORMAL, 1.5, 3.5)


class Notebook:
    """A sink that writes down what it gets."""

    def __init__(self, name: str = "notebook", fault: Exception | None = None) -> None:
        self.name = name
        self.fault = fault
        self.texts: list[str] = []
        self.closed = False

    def deliver(self, cue: Cue) -> None:
        if self.fault is not None:
            raise self.fault
        self.texts.append(cue.text)

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.closed = True
        if self.fault is not None:
            raise self.fault


def ignore(name: str, error: Exception | None) -> None: ...


def test_every_outlet_gets_every_cue_in_order() -> None:
    fan_out = FanOut(None)
    first, second = Notebook(), Notebook()
    for sink in (first, second):
        fan_out.add(DirectOutlet(sink, ignore))
    for text in ("one", "two", "three"):
        fan_out.send(cue(text))
    fan_out.drain(1.0)
    assert first.texts == second.texts == ["one", "two", "three"]
    assert [c.text for c in fan_out.sent] == first.texts


def test_events_are_one_json_object_per_line_written_through_at_once() -> None:
    stream = io.StringIO()
    fan_out = FanOut(EventsFile(stream))
    fan_out.send(cue(), latency_ms=12.34)
    assert stream.getvalue().endswith("}\n")
    fan_out.send(health("camera_lost", 2.0))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(e["t"], e["text"], e["latency_ms"]) for e in events] == [
        (1.5, "smiling", 12.3),
        (2.0, "camera lost", None),
    ]


def test_a_device_that_runs_for_months_remembers_only_the_last_cues() -> None:
    fan_out = FanOut(None)
    for number in range(MOST_REMEMBERED + 50):
        fan_out.send(cue(str(number)))
    assert len(fan_out.sent) == MOST_REMEMBERED
    assert fan_out.sent[-1].text == str(MOST_REMEMBERED + 49)


def test_an_outlet_that_fails_is_told_of_once_and_the_others_go_on() -> None:
    told: list[tuple[str, str]] = []
    broken, sound = Notebook("voice", SpeechError("no voice here")), Notebook()
    fan_out = FanOut(None)
    fan_out.add(DirectOutlet(broken, lambda name, error: told.append((name, str(error)))))
    fan_out.add(DirectOutlet(sound, ignore))
    for _ in range(3):
        fan_out.send(cue())
    assert told == [("voice", "no voice here")]
    assert len(sound.texts) == 3


@pytest.mark.parametrize("fault", [SpeechError("stuck"), RuntimeError("hangs"), OSError(28, "disk full")])
def test_every_outlet_is_closed_whatever_happens_to_the_others(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    notebooks = [Notebook("first"), Notebook("second", fault), Notebook("third")]
    fan_out = FanOut(None)
    for notebook in notebooks:
        fan_out.add(DirectOutlet(notebook, ignore))
    fan_out.close()
    assert [n.closed for n in notebooks] == [True] * 3
    assert caplog.messages == [f"second: {fault}"]


def test_a_sink_may_report_its_fault_through_the_fan_out_itself() -> None:
    fan_out = FanOut(None)
    sound = Notebook()
    broken = Notebook("voice", SpeechError("no voice here"))
    fan_out.add(sound_outlet := DirectOutlet(sound, ignore))
    fan_out.add(DirectOutlet(broken, lambda name, error: fan_out.send(health("speech_lost", 2.0))))
    sender = threading.Thread(target=fan_out.send, args=(cue(),), daemon=True)
    sender.start()
    sender.join(20.0)
    assert not sender.is_alive()
    assert sound_outlet.name == "notebook"
    assert sound.texts == ["smiling", "no voice"]


class FullDisk(io.StringIO):
    """A file on a disk with no room left."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_ends_the_events_file_and_nothing_else() -> None:
    told: list[str] = []
    sink = Notebook()
    fan_out = FanOut(EventsFile(FullDisk()), lambda name, error: told.append(f"{name}: {error}"))
    fan_out.add(DirectOutlet(sink, ignore))
    for text in ("smiling", "frowning"):
        fan_out.send(cue(text))
    assert told == ["events: [Errno 28] No space left on device"]
    assert sink.texts == ["smiling", "frowning"]
