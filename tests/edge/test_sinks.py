"""One thread per sink: urgent first, stale dropped, and the loop never held up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from edge import sinks
from edge.errors import SpeechError
from edge.sinks import SinkWorker
from edge.types import Cue, Priority

PATIENCE_SECONDS = 20.0
NORMAL, NEXT, NOW = Priority.NORMAL, Priority.NEXT, Priority.NOW


def cue(text: str, priority: Priority = NORMAL, expires_at: float = 100.0) -> Cue:
    return Cue("cue", text, text, priority, 0.0, expires_at)


class Stepped:
    """A sink whose every delivery waits for leave, as a voice takes its time."""

    name = "stepped"

    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.cut_short: list[str] = []
        self.closed = 0
        self.fault: Exception | None = None
        self.stubborn = False
        self._begun = threading.Semaphore(0)
        self._leave = threading.Semaphore(0)
        self._interrupted = threading.Event()

    def deliver(self, cue: Cue) -> None:
        self._begun.release()
        assert self._leave.acquire(timeout=PATIENCE_SECONDS)
        if self.fault is not None:
            raise self.fault
        if self._interrupted.is_set():
            self._interrupted.clear()
            self.cut_short.append(cue.text)
        else:
            self.delivered.append(cue.text)

    def interrupt(self) -> None:
        if not self.stubborn:
            self._interrupted.set()
            self._leave.release()

    def close(self) -> None:
        self.closed += 1

    def wait_begun(self) -> None:
        assert self._begun.acquire(timeout=PATIENCE_SECONDS)

    def let(self, count: int = 1) -> None:
        for _ in range(count):
            self._leave.release()


class Faults:
    """What the worker reported, to be waited for."""

    def __init__(self) -> None:
        self.seen: list[str | None] = []
        self._changed = threading.Condition()

    def __call__(self, name: str, error: Exception | None) -> None:
        with self._changed:
            self.seen.append(None if error is None else f"{name}: {error}")
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """Until so many have been reported."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, PATIENCE_SECONDS)


Made = tuple[SinkWorker, Stepped, Faults]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Made]]:
    workers: list[Made] = []

    def build(
        now: Callable[[], float] = lambda: 0.0,
        capacity: int = sinks.CAPACITY,
        newest_wins: bool = False,
    ) -> Made:
        sink, faults = Stepped(), Faults()
        workers.append((SinkWorker(sink, now, faults, capacity, newest_wins), sink, faults))
        return workers[-1]

    yield build
    for worker, sink, _ in workers:
        sink.let(100)
        if not sink.closed:
            worker.close()


def busy(made: Made) -> Made:
    """The worker is in the middle of its first cue."""
    made[0].offer(cue("first"))
    made[1].wait_begun()
    return made


def test_cues_of_one_priority_keep_their_order(make: Callable[..., Made]) -> None:
    worker, sink, _ = busy(make())
    for text in ("second", "third", "fourth"):
        worker.offer(cue(text))
    sink.let(4)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["first", "second", "third", "fourth"]


def test_urgent_cues_overtake(make: Callable[..., Made]) -> None:
    worker, sink, _ = busy(make())
    for text, priority in (("a", NORMAL), ("b", NEXT), ("c", NORMAL), ("d", NEXT)):
        worker.offer(cue(text, priority))
    sink.let(5)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["first", "b", "d", "a", "c"]


def test_now_cuts_short_what_is_being_said(make: Callable[..., Made]) -> None:
    worker, sink, _ = busy(make())
    worker.offer(cue("waiting", NEXT))
    worker.offer(cue("at once", NOW))
    sink.let(2)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.cut_short == ["first"]
    assert sink.delivered == ["at once", "waiting"]


@pytest.mark.parametrize("priority", [NORMAL, NEXT])
def test_nothing_else_cuts_short(make: Callable[..., Made], priority: Priority) -> None:
    worker, sink, _ = busy(make())
    worker.offer(cue("second", priority))
    sink.let(2)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.cut_short == []


def test_now_interrupts_nothing_where_nothing_is_being_said(make: Callable[..., Made]) -> None:
    worker, sink, _ = make()
    sink.let()
    worker.offer(cue("at once", NOW))
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["at once"]


def test_what_has_expired_while_waiting_is_dropped(make: Callable[..., Made]) -> None:
    now = [0.0]
    worker, sink, faults = busy(make(lambda: now[0]))
    worker.offer(cue("stale", expires_at=2.0))
    worker.offer(cue("fresh", expires_at=2.5))
    now[0] = 2.25
    sink.let(2)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["first", "fresh"]
    assert faults.seen == []


def test_a_full_queue_drops_the_oldest_of_the_least_urgent(make: Callable[..., Made]) -> None:
    worker, sink, _ = busy(make(capacity=3))
    for text, priority in (("a", NORMAL), ("b", NEXT), ("c", NORMAL), ("d", NORMAL), ("e", NEXT)):
        worker.offer(cue(text, priority))
    sink.let(10)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["first", "b", "e", "d"]


def test_a_thousand_cues_to_a_sink_that_hangs_hold_nobody_up(make: Callable[..., Made]) -> None:
    worker, sink, _ = busy(make())
    done = threading.Event()

    def offer_many() -> None:
        for number in range(1000):
            worker.offer(cue(str(number)))
        done.set()

    threading.Thread(target=offer_many, daemon=True).start()
    assert done.wait(PATIENCE_SECONDS)
    assert sink.delivered == []
    assert not worker.drain(0.01)
    sink.let(1 + sinks.CAPACITY)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["first", *(str(n) for n in range(1000 - sinks.CAPACITY, 1000))]


def test_a_fault_is_reported_once_and_so_is_its_end(make: Callable[..., Made]) -> None:
    worker, sink, faults = make()

    def deliver(count: int, fault: Exception | None) -> None:
        sink.fault = fault
        for number in range(count):
            worker.offer(cue(str(number)))
            sink.let(1 if fault is None else 2)  # what fails is tried once more
            assert worker.drain(PATIENCE_SECONDS)

    deliver(2, None)
    assert faults.seen == []
    deliver(3, SpeechError("no sound card"))
    assert faults.seen == ["stepped: no sound card"]
    deliver(2, None)
    assert faults.seen == ["stepped: no sound card", None]
    deliver(1, ZeroDivisionError("not one of ours"))
    assert faults.seen[2:] == ["stepped: not one of ours"]
    deliver(1, None)
    assert faults.seen[3:] == [None]
    assert sink.delivered == ["0", "1", "0", "1", "0"]


def test_closing_drops_what_is_waiting_and_closes_the_sink_once(make: Callable[..., Made]) -> None:
    worker, sink, _ = busy(make())
    worker.offer(cue("never said"))
    sink.let()
    worker.close()
    assert sink.delivered in (["first"], ["first", "never said"])
    assert sink.closed == 1
    worker.offer(cue("too late", NOW))
    assert "too late" not in sink.delivered


def test_closing_cuts_short_what_takes_too_long(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, sink, _ = busy(make())
    monkeypatch.setattr(sinks, "JOIN_SECONDS", 0.05)
    worker.close()
    assert sink.cut_short == ["first"]
    assert sink.closed == 1


def test_closing_a_sink_that_hangs_is_an_error_and_not_a_wait(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, sink, _ = busy(make())
    sink.stubborn = True
    monkeypatch.setattr(sinks, "JOIN_SECONDS", 0.05)
    with pytest.raises(RuntimeError, match="the stepped sink did not stop"):
        worker.close()
    assert sink.closed == 1


def test_a_player_that_dies_once_loses_no_word(make: Callable[..., Made]) -> None:
    worker, sink, faults = make()
    sink.fault = SpeechError("the player died")
    worker.offer(cue("smiling"))
    sink.wait_begun()
    sink.let()
    sink.wait_begun()
    sink.fault = None
    sink.let()
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["smiling"]
    assert faults.seen == []


def test_one_urgent_cue_does_not_cut_another_short(make: Callable[..., Made]) -> None:
    worker, sink, _ = make()
    worker.offer(cue("camera lost", NOW))
    sink.wait_begun()
    worker.offer(cue("phone link lost", NOW))
    sink.let(2)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == ["camera lost", "phone link lost"]
    assert sink.cut_short == []


@pytest.mark.parametrize("newest_wins", [True, False])
def test_an_answer_gives_way_to_the_next_one_where_the_newest_wins(newest_wins: bool) -> None:
    def answer(text: str) -> Cue:
        return Cue("answer", text, text, NOW, 0.0, 100.0)

    sink = Stepped()
    worker = SinkWorker(sink, lambda: 0.0, Faults(), newest_wins=newest_wins)
    try:
        worker.offer(answer("faster"))
        sink.wait_begun()
        for text in ("slower", "louder"):
            worker.offer(answer(text))
        worker.offer(cue("camera lost", NOW))
        sink.let(4)
        assert worker.drain(PATIENCE_SECONDS)
    finally:
        sink.let(10)
        worker.close()
    if newest_wins:
        assert (sink.cut_short, sink.delivered) == (["faster"], ["louder", "camera lost"])
    else:
        assert sink.delivered == ["faster", "slower", "louder", "camera lost"]


def test_what_is_urgent_and_fails_is_tried_again_until_it_works(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "RETRY_SECONDS", 0.02)
    worker, sink, faults = make()
    sink.fault = SpeechError("no sound card")
    worker.offer(cue("camera lost", NOW))
    sink.let(2)
    # What has failed for now is not waited for.
    assert worker.drain(PATIENCE_SECONDS)
    faults.wait(1)
    sink.fault = None
    sink.let(20)
    faults.wait(2)
    assert sink.delivered == ["camera lost"]
    assert faults.seen == ["stepped: no sound card", None]


def test_what_is_tried_again_holds_up_nothing_else() -> None:
    class Picky(Stepped):
        def deliver(self, cue: Cue) -> None:
            if cue.priority is NOW:
                raise SpeechError("not this one")
            self.delivered.append(cue.text)

    sink = Picky()
    worker = SinkWorker(sink, lambda: 0.0, Faults())
    worker.offer(cue("camera lost", NOW))
    for number in range(20):
        worker.offer(cue(str(number)))
        assert worker.drain(PATIENCE_SECONDS)
    assert sink.delivered == [str(number) for number in range(20)]
    worker.close()


def test_what_is_urgent_is_not_tried_for_ever(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "RETRY_SECONDS", 0.02)
    now = [0.0]
    worker, sink, faults = make(lambda: now[0])
    sink.fault = SpeechError("no sound card")
    worker.offer(cue("camera lost", NOW, expires_at=30.0))
    sink.let(2)
    faults.wait(1)
    now[0] = 31.0
    sink.fault = None
    sink.let(20)
    worker.offer(cue("smiling", expires_at=100.0))
    assert worker.drain(PATIENCE_SECONDS)
    faults.wait(2)
    assert sink.delivered == ["smiling"]


def test_of_urgent_words_none_is_dropped_for_want_of_room_and_none_said_twice(
    make: Callable[..., Made],
) -> None:
    worker, sink, _ = busy(make(capacity=3))
    for number in range(6):
        worker.offer(cue(f"urgent {number}", NOW))
    worker.offer(cue("urgent 0", NOW))
    sink.let(20)
    assert worker.drain(PATIENCE_SECONDS)
    assert sink.cut_short == ["first"]
    assert sink.delivered == [*(f"urgent {number}" for number in range(1, 6)), "urgent 0"]


def test_the_newest_of_a_kind_wins_where_that_is_wanted(make: Callable[..., Made]) -> None:
    def at(moment: float, kind: str, text: str, priority: Priority = NORMAL) -> Cue:
        return Cue(kind, text, text, priority, moment, 100.0)

    for wanted, said in (
        (True, ["first", "person gone", "frowning", "mouth open"]),
        (False, ["first", "person ahead", "person gone", "smiling", "frowning", "mouth open"]),
    ):
        worker, sink, _ = busy(make(newest_wins=wanted))
        worker.offer(at(1.0, "person", "person ahead", NEXT))
        worker.offer(at(2.0, "cue", "smiling"))
        worker.offer(at(3.0, "person", "person gone", NEXT))
        worker.offer(at(3.0, "cue", "frowning"))
        # Of the same moment: both are news.
        worker.offer(at(3.0, "cue", "mouth open"))
        sink.let(10)
        assert worker.drain(PATIENCE_SECONDS)
        assert sink.delivered == said


def test_one_that_was_cut_short_does_not_prove_that_it_works(make: Callable[..., Made]) -> None:
    worker, sink, faults = make()
    sink.fault = SpeechError("no sound card")
    worker.offer(cue("a"))
    sink.let(2)
    faults.wait(1)
    assert worker.drain(PATIENCE_SECONDS)
    sink.fault = None
    busy((worker, sink, faults))
    sink.fault = None
    worker.offer(cue("camera lost", NOW))
    assert faults.seen == ["stepped: no sound card"]
    sink.let(2)
    assert worker.drain(PATIENCE_SECONDS)
    assert faults.seen == ["stepped: no sound card", None]
