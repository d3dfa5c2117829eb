"""The broker that the hub runs: who gets in, whose topics are whose, and that it comes back."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import hubhelp
import pytest
from hubhelp import CUE, Member, get, member, running, wait_until

from edge.hub import access, broker
from edge.hub import hub as hub_module
from edge.hub.hub import Hub
from edge.hub.users import HOME_USER, HUB_USER
from edge.mqtt.home_assistant import discovery
from edge.settings import MqttSettings, Settings

Shared = tuple[Hub, Settings]
CUE_OF_LAMP = "facecue/lamp/cue"


@pytest.mark.parametrize("websocket", [False, True])
def test_nobody_gets_in_without_a_name_and_its_password(shared: Shared, websocket: bool) -> None:
    hub, made = shared
    for user, password in (("", ""), ("glasses-phone", "wrong"), ("nobody", "x")):
        with member(hub, made, user, websocket=websocket, password=password) as client:
            assert client.refused == "Not authorized", user


def test_an_unencrypted_connection_gets_no_answer(shared: Shared) -> None:
    with socket.create_connection(("localhost", shared[1].hub.mqtt_port), 5.0) as connection:
        connection.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00")
        try:
            answer = connection.recv(4)
        except ConnectionResetError:
            answer = b""
        # A CONNACK would begin with 0x20; what comes is the end or an alert of TLS.
        assert answer[:1] != b"\x20"


def test_a_phone_hears_its_device_and_commands_it(shared: Shared) -> None:
    hub, made = shared
    with member(hub, made, "glasses") as device, member(hub, made, "glasses-phone", websocket=True) as phone:
        assert phone.subscribe("facecue/glasses/#")
        assert device.subscribe("facecue/glasses/set/#")
        assert device.publish(CUE, "smiling")
        wait_until(lambda: phone.on(CUE) == [b"smiling"], "the cue on the phone")
        assert phone.publish("facecue/glasses/set/mute", "on")
        wait_until(lambda: device.on("facecue/glasses/set/mute") == [b"on"], "the command at the device")


def test_large_messages_pass_the_websocket_whole(shared: Shared) -> None:
    hub, made = shared
    # More than a record of TLS; from 60,000 on paho's own websocket stalls, without the hub as well.
    words = "x" * 20_000
    with member(hub, made, "glasses") as device, member(hub, made, "glasses-phone", websocket=True) as phone:
        assert phone.subscribe(CUE)
        for _ in range(20):
            assert device.publish(CUE, words)
        wait_until(lambda: len(phone.on(CUE)) == 20, "all of them")
        assert phone.on(CUE) == [words.encode()] * 20


def test_nobody_reads_or_commands_what_is_not_theirs(shared: Shared) -> None:
    hub, made = shared
    with (
        member(hub, made, "lamp-phone", websocket=True) as stranger,
        member(hub, made, "lamp") as lamp,
        member(hub, made, "glasses") as device,
    ):
        assert device.subscribe("facecue/glasses/set/#")
        for client in (stranger, lamp):
            for topic in (CUE, "facecue/glasses/#", "facecue/+/cue", "#", "$SYS/#"):
                client.subscribe(topic)
            assert not client.publish("facecue/glasses/set/mute", "on")
            assert not client.publish(CUE, "forged")
        # A phone commands and nothing else, not even at its own device.
        assert not stranger.publish(CUE_OF_LAMP, "forged")
        assert not stranger.publish("facecue/lamp/state", "forged", retain=True)
        assert device.publish(CUE, "private")
        assert lamp.subscribe("facecue/lamp/#")
        assert lamp.publish(CUE_OF_LAMP, "mine")
        wait_until(lambda: lamp.on(CUE_OF_LAMP) != [], "what is its own")
        assert device.received == []
        for client in (stranger, lamp):
            assert {topic for topic, _ in client.received} <= {CUE_OF_LAMP}, "nothing of the glasses"


def test_a_last_will_goes_no_further_than_its_writer_may(shared: Shared) -> None:
    hub, made = shared
    with member(hub, made, "glasses") as device:
        assert device.subscribe("facecue/glasses/#")
        for user, topic in (("lamp-phone", "facecue/glasses/set/mute"), ("glasses-phone", CUE)):
            with member(hub, made, user, will=topic) as client:
                client.crash()
        with member(hub, made, "glasses-phone", will="facecue/glasses/set/what_now") as phone:
            phone.crash()
        wait_until(lambda: device.received != [], "the will that is allowed")
        assert device.received == [("facecue/glasses/set/what_now", b"forged")]


def test_the_status_page_only_reads_and_a_home_system_commands(shared: Shared) -> None:
    hub, made = shared
    with (
        member(hub, made, HUB_USER) as page,
        member(hub, made, HOME_USER) as home,
        member(hub, made, "glasses") as device,
    ):
        assert device.subscribe("facecue/glasses/set/#") and home.subscribe("homeassistant/#")
        assert not page.publish("facecue/glasses/set/mute", "on")
        assert home.publish("facecue/glasses/set/pause", "on")
        assert not home.publish(CUE, "forged")
        wait_until(lambda: device.received != [], "the command")
        assert device.received == [("facecue/glasses/set/pause", b"on")]
        own, other = (discovery(replace(made.mqtt, device=name)).topic for name in ("glasses", "lamp"))
        assert device.publish(own, "{}") and not device.publish(other, "{}")
        wait_until(lambda: home.on(own) == [b"{}"], "what it discovers")


def test_what_the_hub_keeps_is_for_its_user_alone(shared: Shared) -> None:
    hub, _ = shared
    open_to_others = {
        path.name for path in hub.state.path.rglob("*") if path.is_file() and path.stat().st_mode & 0o077
    }
    assert open_to_others <= {"ca.crt", "lock", "broker.pid"}
    assert hub.state.path.stat().st_mode & 0o077 == 0
    kept = hub.state.file("mosquitto.passwords").read_text()
    assert re.fullmatch(r"([\w-]+:\$7\$101\$[\w+/=]+\$[\w+/=]+\n)+", kept)
    assert hub.state.secret("passwords/glasses") not in kept


def test_a_killed_broker_is_started_again_and_clients_come_back(made: Settings) -> None:
    with running(made) as hub, member(hub, made, "glasses-phone", websocket=True) as phone:
        own = hub.broker
        assert own is not None and own.process_id is not None
        first = own.process_id
        os.kill(first, signal.SIGKILL)
        assert phone.lost.wait(hubhelp.PATIENCE_SECONDS)
        wait_until(lambda: own.restarts == 1 and own.running, "the broker runs again")
        assert own.process_id != first
        phone._up.clear()
        wait_until(phone._up.is_set, "the phone is back")
        assert phone.subscribe(CUE)
        with member(hub, made, "glasses") as device:
            assert device.publish(CUE, "smiling")
        wait_until(lambda: phone.on(CUE) == [b"smiling"], "the cue on the phone")
        # The page was there all the time.
        assert get(hub, "/")[0] == 200


def test_while_the_broker_is_away_a_phone_is_told_so(made: Settings) -> None:
    with running(made) as hub:
        hub._websocket_port = broker.free_port()
        code, headers, body = get(hub, "/mqtt", Upgrade="websocket", Connection="Upgrade")
        assert code == 503 and headers["retry-after"] == "1" and b"being started again" in body


def test_a_broker_that_hangs_is_killed_and_started_again(
    made: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "FROZEN_SECONDS", 0.5)
    monkeypatch.setattr("edge.hub.watch.KEEPALIVE_SECONDS", 1)
    with running(made) as hub:
        own = hub.broker
        assert own is not None and own.process_id is not None and hub._watch.wait(hubhelp.PATIENCE_SECONDS)
        hub.look()
        assert own.restarts == 0
        os.kill(own.process_id, signal.SIGSTOP)

        def looked() -> bool:
            hub.look()
            return own.restarts > 0

        wait_until(looked, "it is started again")


def test_a_lost_phone_is_shut_out_while_the_hub_runs(made: Settings) -> None:
    with running(made) as hub:
        old = hub.state.secret("passwords/glasses-phone")
        token = hub.state.secret("status-token")
        with member(hub, made, "glasses-phone", websocket=True) as phone:
            assert phone.subscribe(CUE)
            assert access.forget_phones(made, hub.state) == ["glasses-phone", "lamp-phone"]
            hub.look()
            assert phone.lost.wait(hubhelp.PATIENCE_SECONDS), "it is thrown out"
        with member(hub, made, "glasses-phone", password=old) as phone:
            assert phone.refused == "Not authorized"
        with member(hub, made, "glasses-phone") as phone:
            assert phone.refused is None
        far = {"Host": "evil.example", "Authorization": f"Bearer {token}"}
        assert get(hub, "/status/live.json", **far)[0] == 401


def test_a_renewed_certificate_is_shown_at_once(made: Settings) -> None:
    with running(made) as hub:
        before = _shown(hub.server.port), _shown(made.hub.mqtt_port)
        hub.certificates.server.write_text("damaged")
        hub.renew()
        assert hub.broker is not None
        wait_until(lambda: hub.broker.restarts == 1 and hub.broker.running, "the broker has it too")
        after = _shown(hub.server.port), _shown(made.hub.mqtt_port)
        assert before[0] == before[1] and after[0] == after[1] and before[0] != after[0]
        assert get(hub, "/")[0] == 200


def _shown(port: int) -> str:
    import ssl

    return ssl.get_server_certificate(("localhost", port))


def test_a_broker_elsewhere_is_listened_to_and_phones_go_there(shared: Shared, tmp_path: Path) -> None:
    there, there_made = shared
    mqtt = MqttSettings(
        host="localhost",
        port=there_made.hub.mqtt_port,
        username=HUB_USER,
        password_file=str(there.state.file("passwords/hub")),
        tls=True,
        ca_file=str(there.certificates.ca),
    )
    made = hubhelp.settings(tmp_path, broker="none", websocket="wss://broker.home:8884/mqtt")
    made = replace(made, mqtt=mqtt)
    with running(made) as hub:
        assert hub.broker is None and hub._watch.wait(hubhelp.PATIENCE_SECONDS)
        assert "broker at localhost" in hub.description
        assert get(hub, "/mqtt", Upgrade="websocket")[0] == 404
        assert not hub.state.file("mosquitto.conf").exists()


def test_closing_ends_everything_in_time(made: Settings) -> None:
    hub = Hub(made)
    client = Member(hub, made, "glasses-phone", websocket=True)
    process = hub.broker.process_id if hub.broker else None
    began = time.monotonic()
    hub.close()
    assert time.monotonic() - began < 5.0
    assert not Path(f"/proc/{process}").exists()
    assert not broker.listens(made.hub.mqtt_port) and not broker.listens(made.hub.port)
    client.close()
    # And everything is free again.
    with running(made) as again:
        assert get(again, "/")[0] == 200


def test_a_broker_that_cannot_start_is_told_in_its_own_words(made: Settings) -> None:
    own = Path(made.hub.state_folder) / "mosquitto.d"
    own.mkdir(parents=True)
    (own / "bad.conf").write_text("nonsense yes\n")
    with pytest.raises(Exception, match=r"the broker mosquitto ended while starting \(.*"):
        Hub(made)
    assert not broker.listens(made.hub.mqtt_port)
