"""What goes wrong on the street, against a real broker: told clearly, once, and nothing fresh is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from authority import Certificates, make_authority, openssl
from realbroker import MOSQUITTO_PASSWD, Broker, Faults, Phone, smile, wait_until

from edge.control.control import Control
from edge.mqtt.faults import Refused
from edge.mqtt.sink import MqttSink
from edge.settings import MqttSettings
from edge.sinks import SinkWorker
from edge.types import Cue

DOCUMENT = Path(__file__).parents[3] / "docs" / "mqtt.md"
CUE, AVAILABLE, SET = "facecue/glasses/cue", "facecue/glasses/available", "facecue/glasses/set/mute"


# The user, the password, the rights


class Users:
    """mosquitto with users and rights as docs/mqtt.md shows them."""

    def __init__(self, folder: Path, start_broker: Callable[..., Broker]) -> None:
        if MOSQUITTO_PASSWD is None:
            pytest.skip("needs mosquitto_passwd of the package mosquitto")
        self.passwords = folder / "passwords"
        self.passwords.touch()
        for name in ("glasses", "phone", "stranger"):
            self.password(name, f"of {name}")
        self.rules = folder / "acl"
        text = DOCUMENT.read_text(encoding="utf-8")
        self.rules.write_text(text.split("and in the `acl_file`:\n\n```\n")[1].split("```")[0])
        self.broker = start_broker(
            "allow_anonymous false", f"password_file {self.passwords}", f"acl_file {self.rules}"
        )
        self.file = folder / "password"
        self.file.write_text("of glasses\n")

    def password(self, name: str, password: str) -> None:
        assert MOSQUITTO_PASSWD is not None
        subprocess.run(
            [MOSQUITTO_PASSWD, "-b", str(self.passwords), name, password], check=True, capture_output=True
        )

    def settings(self, **changed: object) -> MqttSettings:
        return self.broker.settings(username="glasses", password_file=str(self.file), **changed)

    def reload(self) -> None:
        self.broker.signal(signal.SIGHUP)


@pytest.fixture
def users(tmp_path: Path, start_broker: Callable[..., Broker]) -> Users:
    return Users(tmp_path, start_broker)


@pytest.fixture
def reader(users: Users) -> Iterator[Phone]:
    made = Phone(users.broker.port, user=("phone", "of phone"), topic="facecue/glasses/#")
    yield made
    made.close()


def test_the_documents_rights_let_device_and_phone_do_their_work(
    users: Users, reader: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    faults, control = Faults(), Control()
    sink = make_sink(users.settings(), (), faults, None, control)
    sink.deliver(smile())
    wait_until(lambda: reader.seqs() == [1] and b"online" in reader.available(), "the cue arrives")
    reader.publish(SET, b"on")
    assert control.wait(5.0)
    assert faults.told == []


def test_who_has_no_rights_neither_reads_nor_commands(
    users: Users, reader: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    control = Control()
    sink = make_sink(users.settings(), (), Faults(), None, control)
    stranger = Phone(users.broker.port, "stranger", user=("stranger", "of stranger"), wait=False)
    try:
        stranger.publish(SET, b"on")
        # Nor may one who reads publish in the device's name.
        reader.publish(CUE, b"forged")
        reader.publish(AVAILABLE, b"forged", retain=True)
        sink.deliver(smile())
        wait_until(lambda: reader.seqs() == [1], "the cue arrives where it may")
        # What was published before would have been here by now.
        reader.publish(SET, b"off")
        assert control.wait(5.0)
        assert [request.command.value for request in control.take()] == ["off"]
        assert stranger.received == []
        assert b"forged" not in {message.payload for message in reader.received}
    finally:
        stranger.close()


def test_an_anonymous_client_is_not_let_in(users: Users) -> None:
    stranger = Phone(users.broker.port, "nobody", wait=False)
    try:
        wait_until(lambda: stranger.refused, "the refusal")
        assert stranger.received == []
    finally:
        stranger.close()


def test_a_wrong_password_is_told_once_tried_slowly_and_mended_without_a_restart(
    users: Users,
    reader: Phone,
    make_sink: Callable[..., MqttSink],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("edge.mqtt.connection.RETRY_SECONDS", 0.1)
    monkeypatch.setattr("edge.mqtt.connection.REFUSED_SECONDS", 1.0)
    users.file.write_text("guess\n")
    faults = Faults()
    sink = make_sink(users.settings(), (), faults)
    sink.deliver(smile())
    wait_until(lambda: len(faults.told) == 1, "the refusal is told")
    assert isinstance(faults.told[0][1], Refused)
    time.sleep(1.0)
    assert len(faults.told) == 1
    assert caplog.text.count("does not let 'glasses' in") == 1
    users.file.write_text("of glasses\n")
    wait_until(lambda: reader.seqs() == [1], "the cue arrives all the same")
    assert faults.told[1:] == [("mqtt", None)]
    assert "of glasses" not in caplog.text


def test_a_refusal_after_a_loss_is_told_as_well(
    users: Users, make_sink: Callable[..., MqttSink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.mqtt.connection.RETRY_SECONDS", 0.1)
    faults = Faults()
    sink = make_sink(users.settings(), (), faults)
    sink.deliver(smile())
    wait_until(lambda: sink.waiting == 0, "the cue is out")
    users.broker.kill()
    wait_until(lambda: len(faults.told) == 1, "the loss is told")
    users.password("glasses", "another")
    users.broker.start()
    wait_until(lambda: len(faults.told) == 2, "the refusal is told")
    assert [isinstance(error, Refused) for _, error in faults.told] == [False, True]


def test_a_cue_that_is_denied_is_kept_and_arrives_once_the_right_is_given(
    users: Users, reader: Phone, make_sink: Callable[..., MqttSink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.mqtt.connection.DENIED_SECONDS", 0.3)
    rules = users.rules.read_text()
    users.rules.write_text(rules.replace("topic write facecue/glasses/#", f"topic write {AVAILABLE}"))
    users.reload()
    faults = Faults()
    sink = make_sink(users.settings(), (), faults)
    for number in range(3):
        sink.deliver(smile(str(number)))
    wait_until(lambda: len(faults.told) == 1, "the denial is told")
    assert "give this user the right to write there" in str(faults.told[0][1])
    time.sleep(0.7)
    assert reader.seqs() == []
    users.rules.write_text(rules)
    users.reload()
    wait_until(lambda: reader.seqs() == [1, 2, 3], "the cues arrive in order")
    wait_until(lambda: faults.told[1:] == [("mqtt", None)], "it is told that it works")


# The certificates


@pytest.fixture
def strict(start_broker: Callable[..., Broker], certificates: Certificates) -> Broker:
    """Takes only clients with a certificate of the authority of the house."""
    return start_broker(*certificates.lines(), f"cafile {certificates.ca}", "require_certificate true")


def client_certificate(folder: Path, ca: Path, days: tuple[str, str] | None = None) -> dict[str, str]:
    """days: when it begins and ends, as openssl ca wants them; else from now on for two days."""
    key, request, certificate = (folder / f"client.{kind}" for kind in ("key", "csr", "crt"))
    openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=glasses"),
        *("-keyout", str(key), "-out", str(request)),
    )
    ca_key = ca.with_suffix(".key")
    if days is None:
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-days", "2"),
            *("-set_serial", "7", "-out", str(certificate)),
        )
    else:
        _expired(folder, request, certificate, ca, ca_key, days)
    return {"cert_file": str(certificate), "key_file": str(key)}


def _expired(
    folder: Path, request: Path, certificate: Path, ca: Path, ca_key: Path, days: tuple[str, str]
) -> None:
    """Only `openssl ca` takes dates in the past."""
    (folder / "index").touch()
    (folder / "serial").write_text("08\n")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    (folder / "ca.conf").write_text(
        "[ca]\ndefault_ca=d\n[d]\n"
        f"database={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    openssl(
        *("ca", "-batch", "-config", str(folder / "ca.conf"), "-cert", str(ca), "-keyfile", str(ca_key)),
        *("-in", str(request), "-out", str(certificate), "-startdate", days[0], "-enddate", days[1]),
        *("-notext", "-extfile", str(folder / "names")),
    )


PAST = ("20200101000000Z", "20200201000000Z")


def tls(broker: Broker, ca: Path, **changed: object) -> MqttSettings:
    return broker.settings(tls=True, ca_file=str(ca), connect_timeout_seconds=2.0, **changed)


def refusal(settings: MqttSettings) -> str:
    with pytest.raises(Refused) as caught:
        MqttSink.check(settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_devices_own_certificate_is_taken(
    strict: Broker,
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    MqttSink.check(tls(strict, certificates.ca, **client_certificate(tmp_path, certificates.ca)))


def test_an_expired_certificate_of_the_device(
    strict: Broker,
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    text = refusal(tls(strict, certificates.ca, **client_certificate(tmp_path, certificates.ca, PAST)))
    assert "this device's certificate has expired" in text


def test_a_certificate_of_the_device_from_elsewhere(
    strict: Broker,
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    _, stranger = make_authority(tmp_path, "stranger")
    text = refusal(tls(strict, certificates.ca, **client_certificate(tmp_path, stranger)))
    assert "does not trust this device's certificate" in text


def test_an_expired_certificate_of_the_broker(
    start_broker: Callable[..., Broker],
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    own = client_certificate(tmp_path, certificates.ca, PAST)
    broker = start_broker(
        "allow_anonymous true", f"certfile {own['cert_file']}", f"keyfile {own['key_file']}"
    )
    text = refusal(tls(broker, certificates.ca))
    assert "does not hold at this time (certificate has expired)" in text
    assert "set the clock of this device" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "cannot be used"), ("not a key", "cannot be used")],
)
def test_a_key_that_is_none(
    certificates: Certificates,
    tmp_path: Path,
    content: str,
    words: str,
) -> None:
    own = client_certificate(tmp_path, certificates.ca)
    Path(own["key_file"]).write_text(content)
    assert words in refusal(MqttSettings("127.0.0.1", tls=True, ca_file=str(certificates.ca), **own))


def test_the_key_of_another_certificate(certificates: Certificates, tmp_path: Path) -> None:
    own = client_certificate(tmp_path, certificates.ca)
    own["key_file"] = str(certificates.key)
    text = refusal(MqttSettings("127.0.0.1", tls=True, ca_file=str(certificates.ca), **own))
    assert "the key belongs to another certificate" in text


def test_a_key_with_a_password_does_not_ask_for_it(certificates: Certificates, tmp_path: Path) -> None:
    own = client_certificate(tmp_path, certificates.ca)
    locked = tmp_path / "locked.key"
    openssl("rsa", "-aes256", "-passout", "pass:secret", "-in", own["key_file"], "-out", str(locked))
    own["key_file"] = str(locked)
    text = refusal(MqttSettings("127.0.0.1", tls=True, ca_file=str(certificates.ca), **own))
    assert "is locked with a password" in text


# The link, and the loop


def test_a_link_that_freezes_is_given_up_long_before_the_keep_alive(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    faults = Faults()
    sink = make_sink(broker.settings(keepalive_seconds=600, connect_timeout_seconds=1.0), (), faults)
    wait_until(lambda: phone.available() == [b"online"], "the device is there")
    broker.freeze()
    frozen_at = time.monotonic()
    sink.deliver(smile())
    wait_until(lambda: bool(faults.told), "it is told")
    assert time.monotonic() - frozen_at < 4.0
    assert "has not answered for 1 s" in str(faults.told[0][1])
    broker.signal(signal.SIGCONT)
    wait_until(lambda: 1 in phone.seqs(), "the cue arrives")
    wait_until(lambda: faults.told[1:] == [("mqtt", None)], "it is told that it works")


def test_two_devices_at_one_broker_do_not_mix(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink]
) -> None:
    controls = {name: Control() for name in ("glasses", "cane")}
    faults = Faults()
    sinks = {
        name: make_sink(broker.settings(device=name), (), faults, None, control)
        for name, control in controls.items()
    }
    for _ in range(20):
        for sink in sinks.values():
            sink.deliver(smile())
    for name in sinks:
        wait_until(lambda name=name: len(phone.on(f"facecue/{name}/cue")) == 20, f"the cues of {name}")
        assert [m.json["seq"] for m in phone.on(f"facecue/{name}/cue")] == list(range(1, 21))
    phone.publish("facecue/cane/set/mute", b"on")
    assert controls["cane"].wait(5.0)
    assert controls["glasses"].take() == []
    assert faults.told == []


def test_a_jump_of_the_clock_neither_loses_a_cue_nor_delivers_an_old_one(
    broker: Broker, phone: Phone, make_sink: Callable[..., MqttSink], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults()
    sink = make_sink(broker.settings(), (), faults)
    wait_until(lambda: phone.available() == [b"online"], "the device is there")
    broker.kill()
    wait_until(lambda: bool(faults.told), "the loss is told")
    real = time.time
    for jump in (0.0, -1e9, 1e8):
        monkeypatch.setattr("edge.mqtt.sink.time.time", lambda jump=jump: real() + jump)
        sink.deliver(smile())
    broker.start()
    phone.wait_subscribed()
    # The broker has forgotten the phone's session, so that the first ones may have gone by.
    sink.deliver(smile())
    wait_until(lambda: 4 in phone.seqs(), "the cues arrive")
    wait_until(lambda: sink.waiting == 0, "all are acknowledged")


class Loop:
    """Stands for the pictures: 25 a second, each handing over a cue; knows how late each was."""

    def __init__(self, worker: SinkWorker) -> None:
        self._worker = worker
        self._stop = threading.Event()
        self.ages_ms: list[float] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> str:
        self._stop.set()
        self._thread.join(10.0)
        assert not self._thread.is_alive()
        ages = sorted(self.ages_ms)
        return f"{len(ages)} frames, age p50 {ages[len(ages) // 2]:.1f} ms, most {ages[-1]:.1f} ms"

    def _run(self) -> None:
        began, turn = time.monotonic(), 0
        while not self._stop.is_set():
            turn += 1
            due = began + turn / 25
            time.sleep(max(0.0, due - time.monotonic()))
            cue, now = smile(), time.monotonic()
            self._worker.offer(Cue(cue.kind, cue.label, cue.text, cue.priority, now, now + 5.0, cue.reading))
            self.ages_ms.append(1000 * (time.monotonic() - due))


def test_the_loop_is_not_disturbed_by_a_flood_a_freeze_or_a_kill(
    broker: Broker, phone: Phone, capsys: pytest.CaptureFixture[str]
) -> None:
    faults, control = Faults(), Control()
    settings = broker.settings(connect_timeout_seconds=1.0)
    worker = SinkWorker(MqttSink(settings, (), faults, None, control), time.monotonic, faults)
    loop = Loop(worker)
    try:
        wait_until(lambda: len(phone.seqs()) > 5, "cues arrive")
        for number in range(12):
            phone.publish(SET, b"x" * 1_000_000 if number % 2 else os.urandom(400))
        wait_until(lambda: len(phone.on("facecue/glasses/ack")) == 12, "every one is answered")
        broker.freeze()
        wait_until(lambda: len(faults.told) == 1, "the freeze is noticed")
        broker.signal(signal.SIGCONT)
        wait_until(lambda: len(faults.told) == 2, "it is back")
        broker.kill()
        time.sleep(0.3)
        broker.start()
        wait_until(lambda: len(faults.told) == 4, "it is back again")
        seen = len(phone.seqs())
        wait_until(lambda: len(phone.seqs()) > seen, "cues arrive again")
    finally:
        words = loop.end()
        worker.close()
    with capsys.disabled():
        print(f"\nframe age under fire: {words}")  # noqa: T201
    assert not any(message.json["ok"] for message in phone.on("facecue/glasses/ack"))
    assert control.take() == []
    # Far from a freeze of a second; this machine may be busy with something else.
    assert sorted(loop.ages_ms)[len(loop.ages_ms) // 2] < 40.0
    assert max(loop.ages_ms) < 500.0
