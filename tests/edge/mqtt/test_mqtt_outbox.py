"""Order, expiry and bounds of what waits for the broker."""

from __future__ import annotations

from edge.mqtt.outbox import Message, Outbox


def event(name: str, expires_at: float | None = None) -> Message:
    return Message("event", name.encode(), expires_at=expires_at)


def state(name: str) -> Message:
    return Message("state", name.encode(), retain=True)


def drain(outbox: Outbox, now: float = 0.0) -> list[bytes]:
    taken = []
    while (message := outbox.take(now)) is not None:
        taken.append(message.payload)
    return taken


def test_events_in_order_then_the_newest_state() -> None:
    outbox = Outbox()
    for message in (event("a"), state("old"), event("b"), state("new")):
        outbox.put(message)
    assert drain(outbox) == [b"a", b"b", b"new"]
    assert drain(outbox) == []


def test_what_was_under_way_is_sent_again_before_what_waits() -> None:
    outbox = Outbox()
    for message in (event("a"), event("b"), event("c"), state("s")):
        outbox.put(message)
    first = outbox.take(0.0)
    outbox.take(0.0)
    assert first is not None
    outbox.done(first)
    assert len(outbox) == 2
    outbox.restore()
    assert drain(outbox) == [b"b", b"c", b"s"]


def test_a_state_is_published_again_after_every_restore() -> None:
    outbox = Outbox()
    outbox.put(state("s"))
    assert drain(outbox) == [b"s"]
    outbox.restore()
    assert drain(outbox) == [b"s"]


def test_expired_events_are_dropped_also_when_they_were_under_way() -> None:
    outbox = Outbox()
    outbox.put(event("first", expires_at=10.0))
    outbox.put(event("second", expires_at=20.0))
    assert drain(outbox, 9.0) == [b"first", b"second"]
    outbox.restore()
    assert drain(outbox, 10.0) == [b"second"]


def test_a_full_outbox_drops_the_oldest() -> None:
    outbox = Outbox(capacity=2)
    for name in "abc":
        outbox.put(event(name))
    assert drain(outbox) == [b"b", b"c"]
