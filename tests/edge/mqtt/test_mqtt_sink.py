"""The sink against a real broker, with a subscriber that stands for the phone."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from realbroker import Broker, Faults, Phone, camera_lost, free_port, gone, smile, wait_until

from edge.errors import MqttError
from edge.mqtt.sink import MqttSink, sink_or_none
from edge.settings import MqttSettings
from edge.sinks import SinkWorker

LEVELS = ("movements", "attitude")
STATE = "facecue/glasses/state"
CUE = "facecue/glasses/cue"


def test_events_arrive_in_order_as_json(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    faults = Faults()
    sink = make_sink(broker.settings(), LEVELS, faults, clock=lambda: 7.25)
    for number in range(50):
        sink.deliver(smile(f"smile number {number}"))
    wait_until(lambda: len(phone.on(CUE)) == 50, "50 events arrive")
    events = [message.json for message in phone.on(CUE)]
    assert [event["text"] for event in events] == [f"smile number {number}" for number in range(50)]
    assert [event["seq"] for event in events] == list(range(1, 51))
    assert events[0]["latency_ms"] == 250.0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(events[0]["ts"]))
    first = phone.on(CUE)[0]
    assert (first.qos, first.retained) == (1, False)
    assert first.expiry_seconds is not None
    assert 1 <= first.expiry_seconds <= 10
    assert faults.told == []


def test_no_named_emotion_is_published_unless_the_level_is_on(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    make_sink(broker.settings(device="without"), LEVELS, Faults()).deliver(smile())
    make_sink(broker.settings(device="with"), (*LEVELS, "emotion"), Faults()).deliver(smile())
    for last in ("cue", "state"):
        # The first state tells of no cue yet.
        wait_until(lambda last=last: any(m.json["seq"] for m in phone.on(f"facecue/without/{last}")), last)
        wait_until(lambda last=last: any(m.json["seq"] for m in phone.on(f"facecue/with/{last}")), last)
        assert phone.on(f"facecue/with/{last}")[-1].json["emotion"] == "happiness"
    assert not any(b"happiness" in m.payload for m in phone.received if "/without/" in m.topic)


def test_a_late_subscriber_sees_state_and_availability(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    sink = make_sink(broker.settings(), LEVELS, Faults())
    sink.deliver(smile())
    sink.deliver(camera_lost())
    wait_until(lambda: any(m.json["seq"] == 2 for m in phone.on(STATE)), "the second state is out")
    late = Phone(broker.port, "late")
    try:
        wait_until(lambda: len(late.received) >= 2, "the retained messages arrive")
        state = late.on(STATE)[0]
        assert state.retained
        assert (state.json["person"], state.json["label"]) == (None, "camera_lost")
        assert late.on("facecue/glasses/available")[0].payload == b"online"
        assert late.on(CUE) == []
    finally:
        late.close()


def test_a_clean_close_sends_what_waits_then_offline(
    broker: Broker, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    sink = MqttSink(broker.settings(), LEVELS, Faults())
    for _ in range(30):
        sink.deliver(smile())
    sink.deliver(gone())
    sink.close()
    wait_until(lambda: phone.available() == [b"online", b"offline"], "offline arrives")
    assert phone.seqs() == list(range(1, 32))
    assert phone.on(STATE)[-1].json["person"] is False
    assert phone.received[-1].payload == b"offline"
    assert "did not reach the broker" not in caplog.text


def test_a_killed_publisher_is_offline_by_its_last_will(broker: Broker, phone: Phone) -> None:
    here = Path(__file__).parent
    process = subprocess.Popen([sys.executable, str(here / "publisher.py"), str(broker.port)])
    try:
        wait_until(lambda: phone.seqs() == [1], "the smile arrives", 30.0)
        assert phone.available() == [b"online"]
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: phone.available() == [b"online", b"offline"], "the will arrives")


def test_a_restarted_device_is_online_though_the_broker_still_held_the_old_connection(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "publisher.py"), str(broker.port)]
    )
    try:
        wait_until(lambda: phone.seqs() == [1], "the smile arrives", 30.0)
        # Still connected, as after a power cut: the new one has to win.
        make_sink(broker.settings(), LEVELS, Faults()).deliver(smile())
        wait_until(lambda: len(phone.seqs()) == 2, "the new one publishes")
    finally:
        process.kill()
        process.wait()
    assert phone.available()[:3] == [b"online", b"offline", b"online"]


def test_events_published_while_the_broker_is_away_arrive_once_and_in_order(
    start_broker: Callable[..., Broker], tmp_path: Path, make_sink: Callable[..., MqttSink]
) -> None:
    # So that the broker knows the phone's session again, whoever comes back first.
    remember = ["persistence true", f"persistence_location {tmp_path}/", "autosave_on_changes true"]
    broker = start_broker("allow_anonymous true", *remember, "autosave_interval 1")
    phone = Phone(broker.port)
    faults = Faults()
    sink = make_sink(broker.settings(), LEVELS, faults)
    try:
        wait_until(lambda: phone.available() == [b"online"] and bool(phone.on(STATE)), "the device is there")
        broker.kill()
        wait_until(lambda: len(faults.told) == 1, "the loss is told")
        for _ in range(50):
            sink.deliver(smile())
        seen = len(phone.received)
        broker.start()
        wait_until(lambda: len(phone.seqs()) >= 50, "all events arrive")
        sink.deliver(gone())
        wait_until(lambda: any(m.json["seq"] == 51 for m in phone.on(STATE)), "the state follows")
        assert phone.seqs() == list(range(1, 52))
        again = phone.received[seen:]
        assert b"online" in [m.payload for m in again if m.topic == "facecue/glasses/available"]
        assert [(name, type(error)) for name, error in faults.told] == [
            ("mqtt", MqttError),
            ("mqtt", type(None)),
        ]
        assert f"127.0.0.1:{broker.port} is lost" in str(faults.told[0][1])
    finally:
        phone.close()


def test_state_and_availability_are_there_again_after_the_broker_forgot_everything(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    faults = Faults()
    sink = make_sink(broker.settings(), LEVELS, faults)
    sink.deliver(smile())
    wait_until(lambda: phone.seqs() == [1], "the first event")
    broker.kill()
    broker.start()
    wait_until(lambda: len(faults.told) == 2, "loss and return are told")
    late = Phone(broker.port, "late")
    try:
        wait_until(lambda: len(late.received) >= 2, "the retained messages are there")
        assert late.available() == [b"online"]
        assert late.on(STATE)[0].json["label"] == "smile"
    finally:
        late.close()


def test_a_loss_is_told_once_whatever_the_next_attempts_run_into(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink], caplog: pytest.LogCaptureFixture
) -> None:
    faults = Faults()
    make_sink(broker.settings(), LEVELS, faults)
    wait_until(lambda: phone.available() == [b"online"], "the device is there")
    broker.kill()
    wait_until(lambda: "is lost" in caplog.text and "listens at" in caplog.text, "two different errors")
    assert len(faults.told) == 1


def test_expired_events_do_not_arrive_late(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults()
    sink = make_sink(broker.settings(), LEVELS, faults)
    wait_until(lambda: phone.available() == [b"online"], "the device is there")
    broker.kill()
    wait_until(lambda: len(faults.told) == 1, "the loss is told")
    monkeypatch.setattr("edge.mqtt.sink.EXPIRY_SECONDS", 0.0)
    sink.deliver(smile("too old"))
    monkeypatch.undo()
    sink.deliver(smile("fresh"))
    broker.start()
    phone.wait_subscribed()
    wait_until(lambda: len(faults.told) == 2, "the return is told")
    sink.deliver(smile("after"))
    wait_until(lambda: 3 in phone.seqs(), "the last event arrives")
    assert 1 not in phone.seqs()


def test_a_broker_that_stays_away_holds_up_neither_deliver_nor_close() -> None:
    faults = Faults()
    settings = MqttSettings(host="127.0.0.1", port=free_port(), device="glasses")
    sink = MqttSink(settings, LEVELS, faults)
    wait_until(lambda: len(faults.told) == 1, "the absence is told")
    for _ in range(300):
        sink.deliver(smile())
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 3.0
    assert len(faults.told) == 1
    assert "no MQTT broker listens at 127.0.0.1" in str(faults.told[0][1])
    assert not [thread for thread in threading.enumerate() if thread.name == "mqtt"]


def test_a_broker_that_freezes_holds_up_neither_deliver_nor_close(
    broker: Broker, phone: Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edge.mqtt.connection.CLOSE_SECONDS", 0.3)
    sink = MqttSink(broker.settings(), LEVELS, Faults())
    wait_until(lambda: phone.available() == [b"online"], "the device is there")
    broker.freeze()
    began = time.monotonic()
    for _ in range(20):
        sink.deliver(smile())
    sink.close()
    assert time.monotonic() - began < 3.0
    assert "20 events did not reach the broker" in caplog.text
    assert not [thread for thread in threading.enumerate() if thread.name == "mqtt"]


def test_a_topic_the_user_may_not_write_is_told(
    start_broker: Callable[..., Broker], tmp_path: Path, make_sink: Callable[..., MqttSink]
) -> None:
    rules = tmp_path / "acl"
    rules.write_text(f"topic readwrite {STATE}\ntopic readwrite facecue/glasses/available\ntopic read #\n")
    broker = start_broker("allow_anonymous true", f"acl_file {rules}")
    faults = Faults()
    sink = make_sink(broker.settings(), LEVELS, faults)
    for _ in range(3):
        sink.deliver(smile())
    wait_until(lambda: len(faults.told) == 1, "the denial is told")
    assert CUE in str(faults.told[0][1])
    assert "right to write" in str(faults.told[0][1])


def test_it_works_behind_the_fan_out(broker: Broker, phone: Phone) -> None:
    faults = Faults()
    worker = SinkWorker(MqttSink(broker.settings(), LEVELS, faults), lambda: 7.2, faults)
    worker.offer(smile())
    assert worker.drain(5.0)
    worker.close()
    wait_until(lambda: phone.available() == [b"online", b"offline"], "offline arrives")
    assert phone.seqs() == [1]
    assert faults.told == []


def test_nothing_configured_means_no_sink() -> None:
    assert sink_or_none(MqttSettings(), LEVELS, Faults()) is None


def test_a_broker_configured_means_a_sink(broker: Broker, phone: Phone) -> None:
    sink = sink_or_none(broker.settings(), LEVELS, Faults())
    assert sink is not None
    sink.close()
    wait_until(lambda: phone.available() == [b"online", b"offline"], "it was there and went")
