"""Every way a broker can refuse, told apart in one sentence, and the older protocol."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import fakebrokers
import pytest
from fakebrokers import FakeBroker
from realbroker import MOSQUITTO_PASSWD, Broker, Faults, Phone, free_port, smile, wait_until

from edge.errors import MqttError
from edge.mqtt.sink import MqttSink
from edge.settings import MqttSettings

SECRET = "open-sesame-42"


def refusal(settings: MqttSettings) -> str:
    with pytest.raises(MqttError) as caught:
        MqttSink.check(settings)
    text = str(caught.value)
    assert "\n" not in text
    assert settings.host in text
    return text


@pytest.fixture
def locked_broker(start_broker: Callable[..., Broker], tmp_path: Path) -> Broker:
    if MOSQUITTO_PASSWD is None:
        pytest.skip("needs mosquitto_passwd of the package mosquitto")
    users = tmp_path / "users"
    subprocess.run([MOSQUITTO_PASSWD, "-c", "-b", str(users), "anna", SECRET], check=True)
    return start_broker("allow_anonymous false", f"password_file {users}")


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(SECRET + "\nanother line\n")
    return path


def test_the_right_password_is_let_in(locked_broker: Broker, password_file: Path) -> None:
    MqttSink.check(locked_broker.settings(username="anna", password_file=str(password_file)))


def test_a_wrong_password(locked_broker: Broker, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("guess\n")
    text = refusal(locked_broker.settings(username="anna", password_file=str(wrong)))
    assert "does not let 'anna' in" in text
    assert "mqtt.password_file" in text


def test_a_broker_that_wants_a_user(locked_broker: Broker) -> None:
    assert "wants a user name: set mqtt.username" in refusal(locked_broker.settings())


def test_the_password_is_in_no_text_and_no_log(
    locked_broker: Broker, password_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    faults = Faults()
    # The user does not exist, so that an error is told as well.
    settings = locked_broker.settings(username="otto", password_file=str(password_file))
    with closing(MqttSink(settings, [], faults)) as sink:
        wait_until(lambda: len(faults.told) == 1, "the refusal is told")
        assert SECRET not in repr(sink) + repr(vars(sink)) + repr(settings) + repr(faults.told) + caplog.text
        assert "'otto'" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\nsecond\n", "first line .* is empty"), (b"", "first line .* is empty"), (b"\xff\xfe", "not text")],
)
def test_a_password_file_without_a_password(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    settings = MqttSettings(host="127.0.0.1", username="anna", password_file=str(path))
    with pytest.raises(MqttError, match=message):
        MqttSink.check(settings)


def test_a_password_file_that_is_gone(tmp_path: Path) -> None:
    settings = MqttSettings(host="127.0.0.1", username="anna", password_file=str(tmp_path / "none"))
    with pytest.raises(MqttError, match="none cannot be read"):
        MqttSink.check(settings)


def test_a_password_without_a_user(password_file: Path) -> None:
    with pytest.raises(MqttError, match=r"mqtt\.username is not"):
        MqttSink.check(MqttSettings(host="127.0.0.1", password_file=str(password_file)))


def test_no_host() -> None:
    with pytest.raises(MqttError, match=r"mqtt\.host is empty"):
        MqttSink.check(MqttSettings())


def test_no_broker_listens() -> None:
    port = free_port()
    text = refusal(MqttSettings(host="127.0.0.1", port=port))
    assert f"no MQTT broker listens at 127.0.0.1:{port}" in text


def test_a_name_no_one_knows() -> None:
    assert "name of the MQTT broker" in refusal(MqttSettings(host="broker.invalid"))
    assert "name of the MQTT broker" in refusal(MqttSettings(host="broker..home"))


def test_a_host_that_does_not_answer() -> None:
    # A listener whose queue is full takes no further connection, as a host behind a firewall.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        callers = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
            callers.append(caller)
        try:
            text = refusal(MqttSettings(host="127.0.0.1", port=port, connect_timeout_seconds=0.5))
        finally:
            for caller in callers:
                caller.close()
    assert "did not answer within 0.5 s" in text


@pytest.mark.parametrize(
    ("serve", "message"),
    [
        (fakebrokers.silent, "did not answer in MQTT within 0.5 s: if that is its TLS port, set mqtt.tls"),
        (fakebrokers.mute, "closed the connection without an answer in MQTT"),
        (fakebrokers.rude, "closed the connection without an answer in MQTT"),
        (fakebrokers.garbled, "closed the connection without an answer in MQTT"),
    ],
)
def test_something_that_is_no_broker(serve: Callable[[socket.socket], None], message: str) -> None:
    with closing(FakeBroker(serve)) as fake:
        settings = MqttSettings(host="127.0.0.1", port=fake.port, connect_timeout_seconds=0.5)
        assert message in refusal(settings)


@pytest.mark.parametrize("says_why", [True, False])
def test_a_broker_without_mqtt_5_is_spoken_to_in_311(broker: Broker, phone: Phone, says_why: bool) -> None:
    faults = Faults()
    with closing(FakeBroker(fakebrokers.only_311(broker.port, says_why))) as old:
        sink = MqttSink(broker.settings(port=old.port), ["movements"], faults)
        sink.deliver(smile())
        wait_until(lambda: phone.seqs() == [1], "the event arrives")
        sink.close()
        wait_until(lambda: phone.available() == [b"online", b"offline"], "offline arrives")
    event = phone.on("facecue/glasses/cue")[0]
    assert event.expiry_seconds is None
    assert faults.told == []


def test_a_broker_without_mqtt_5_tells_a_wrong_password_as_well(
    locked_broker: Broker, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("guess\n")
    with closing(FakeBroker(fakebrokers.only_311(locked_broker.port, says_why=True))) as old:
        text = refusal(locked_broker.settings(port=old.port, username="anna", password_file=str(wrong)))
    assert "does not let 'anna' in" in text


def test_a_check_does_not_disturb_the_service(broker: Broker, phone: Phone) -> None:
    faults = Faults()
    with closing(MqttSink(broker.settings(), ["movements"], faults)) as sink:
        wait_until(lambda: phone.available() == [b"online"], "the device is there")
        MqttSink.check(broker.settings())
        sink.deliver(smile())
        wait_until(lambda: phone.seqs() == [1], "the event arrives")
        assert phone.available() == [b"online"]
    assert faults.told == []


def test_two_devices_of_one_name_are_told(broker: Broker, phone: Phone) -> None:
    first = Faults()
    with closing(MqttSink(broker.settings(), [], first)) as one:
        one.deliver(smile())
        wait_until(lambda: phone.seqs() == [1], "the event arrives")
        # mosquitto 2.0 hangs up on the first without a word.
        with closing(MqttSink(broker.settings(), [], Faults())):
            wait_until(lambda: len(first.told) >= 1, "the first is told")
    assert "no other device has this name" in str(first.told[0][1])


def test_a_broker_that_says_that_another_took_over() -> None:
    faults = Faults()
    with (
        closing(FakeBroker(fakebrokers.taken_over)) as fake,
        closing(MqttSink(MqttSettings(host="127.0.0.1", port=fake.port), [], faults)),
    ):
        wait_until(lambda: len(faults.told) >= 1, "it is told")
    assert "another program uses this device's name" in str(faults.told[0][1])


def test_a_broker_that_goes_mad_in_the_middle_is_left_and_found_again(broker: Broker, phone: Phone) -> None:
    faults = Faults()
    with (
        closing(FakeBroker(fakebrokers.mad_once(broker.port))) as fake,
        closing(MqttSink(broker.settings(port=fake.port), [], faults)) as sink,
    ):
        wait_until(lambda: len(faults.told) == 2, "loss and return are told")
        sink.deliver(smile())
        wait_until(lambda: phone.seqs() == [1], "the event arrives")
