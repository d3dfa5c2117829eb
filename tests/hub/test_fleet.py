"""The fleet of docs/fleet.md: its bridge and rights are read out of that page and run."""

from __future__ import annotations

import re
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from fleethelp import PATIENCE_SECONDS, Mosquitto
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.hub.users import mosquitto_passwords

PAGE = Path(__file__).parents[2] / "docs" / "fleet.md"
SITES = ("school", "clinic")
CUES = "$share/workers/fleet/+/facecue/+/cue"


def block(beginning: str) -> str:
    """The block of the page that begins with this line."""
    found = re.search(rf"```\n({re.escape(beginning)}\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, beginning
    return found[1]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not: {what}"
        time.sleep(0.02)


class Member:
    """A client that keeps what it gets."""

    def __init__(self, port: int, user: str = "", filters: tuple[str, ...] = ()) -> None:
        self.received: list[tuple[str, str, int | None]] = []
        self.answers: dict[int, bool] = {}
        self._ready = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, secrets.token_hex(8), protocol=MQTTProtocolVersion.MQTTv5
        )
        if user:
            self._client.username_pw_set(user, f"{user}-password")
        self._client.on_message = self._keep
        self._client.on_publish = lambda _c, _d, number, reason, _p: self.answers.update(
            {number: not reason.is_failure}
        )
        self._client.on_connect = lambda *_: self._subscribe(filters)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.reconnect_delay_set(1, 1)
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 60
        self._client.connect("127.0.0.1", port, clean_start=False, properties=keep)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_SECONDS)

    def publish(self, topic: str, words: str, retain: bool = False, expiry: int | None = None) -> bool:
        properties = Properties(PacketTypes.PUBLISH)
        if expiry is not None:
            properties.MessageExpiryInterval = expiry
        number = self._client.publish(topic, words, qos=1, retain=retain, properties=properties).mid
        wait_until(lambda: number in self.answers, f"an answer to {topic}")
        return self.answers[number]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho closes its own pair of sockets only when it is collected: now, not later.
        del self._client

    def _subscribe(self, filters: tuple[str, ...]) -> None:
        if filters:
            self._client.subscribe([(one, 1) for one in filters])
        else:
            self._ready.set()

    def _keep(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        self.received.append((message.topic, message.payload.decode(), expiry))


@dataclass
class Fleet:
    """A broker in the middle and one at every site."""

    middle: Mosquitto
    sites: dict[str, Mosquitto]
    member: Callable[..., Member]

    def wait_bridged(self) -> None:
        """A retained word of every site is in the middle."""
        seen = self.member(self.middle.port, "consumer", ("fleet/+/facecue/+/available",))
        for site, broker in self.sites.items():
            device = self.member(broker.port)
            device.publish("facecue/probe/available", "online", retain=True)
            topic = f"fleet/{site}/facecue/probe/available"
            wait_until(lambda topic=topic: topic in {at for at, *_ in seen.received}, f"the bridge of {site}")


@pytest.fixture
def fleet(mosquitto: Callable[[str, str], Mosquitto], tmp_path: Path) -> Iterator[Fleet]:
    rights = block("user SITE")
    of_site, of_consumer = rights.split("\n\n")
    lines = [of_site.replace("SITE", site) for site in SITES] + [of_consumer, "user boss\ntopic fleet/#"]
    (tmp_path / "rights").write_text("\n\n".join(lines) + "\n")
    users = {user: f"{user}-password" for user in (*SITES, "consumer", "boss")}
    (tmp_path / "passwords").write_text(mosquitto_passwords(users))
    for name in ("rights", "passwords"):
        (tmp_path / name).chmod(0o600)
    access = f"acl_file {tmp_path}/rights\npassword_file {tmp_path}/passwords\n"
    # It remembers who listened, as a cluster does.
    middle = mosquitto("middle", f"{access}persistence true\npersistence_location {tmp_path}/\n")
    bridge = block("connection fleet").replace("broker.example.org:8883", f"127.0.0.1:{middle.port}")
    # Without TLS, and without the long pauses.
    bridge = re.sub(r"bridge_cafile.*\n", "", bridge).replace("restart_timeout 2 60", "restart_timeout 1 1")
    sites = {
        site: mosquitto(
            site,
            "allow_anonymous true\n" + bridge.replace("SITE", site).replace("PASSWORD", f"{site}-password"),
        )
        for site in SITES
    }
    with ExitStack() as stack:

        def member(*args: object, **named: object) -> Member:
            made = Member(*args, **named)  # type: ignore[arg-type]
            stack.callback(made.close)
            return made

        made = Fleet(middle, sites, member)
        made.wait_bridged()
        yield made


def test_two_consumers_share_the_cues_of_all_sites_and_each_gets_there_once(fleet: Fleet) -> None:
    pair = [fleet.member(fleet.middle.port, "consumer", (CUES,)) for _ in range(2)]
    devices = {site: fleet.member(broker.port) for site, broker in fleet.sites.items()}
    for seq in range(50):
        for site, device in devices.items():
            assert device.publish("facecue/glasses/cue", f"{site} {seq}", expiry=10)
    wait_until(lambda: sum(len(one.received) for one in pair) >= 100, "all cues")
    time.sleep(0.3)
    got = [words for one in pair for _, words, _ in one.received]
    assert sorted(got) == sorted(f"{site} {seq}" for seq in range(50) for site in SITES)
    assert all(len(one.received) >= 20 for one in pair), "the work is shared"
    # Both sites have a device of the same name, and they stay apart.
    for topic, words, expiry in (cue for one in pair for cue in one.received):
        assert topic == f"fleet/{words.split()[0]}/facecue/glasses/cue"
        assert expiry is not None and expiry <= 10, "a late cue still expires beyond the bridge"
    for one in pair:
        for site in SITES:
            seqs = [int(words.split()[1]) for _, words, _ in one.received if words.startswith(site)]
            assert seqs == sorted(seqs)


def test_a_command_reaches_its_device_alone_and_the_answer_comes_back(fleet: Fleet) -> None:
    devices = {
        site: fleet.member(broker.port, filters=("facecue/+/set/#",)) for site, broker in fleet.sites.items()
    }
    boss = fleet.member(fleet.middle.port, "boss", ("fleet/+/facecue/+/ack",))
    assert boss.publish("fleet/school/facecue/glasses/set/pause", "on")
    wait_until(lambda: devices["school"].received != [], "the command")
    assert [words[:2] for words in devices["school"].received] == [("facecue/glasses/set/pause", "on")]
    devices["school"].publish("facecue/glasses/ack", "done")
    wait_until(lambda: boss.received != [], "the answer")
    assert boss.received[0][:2] == ("fleet/school/facecue/glasses/ack", "done")
    assert devices["clinic"].received == []


def test_a_site_reaches_nothing_of_another(fleet: Fleet) -> None:
    spy = fleet.member(fleet.middle.port, "school", ("fleet/#", "#", "fleet/clinic/facecue/+/set/#"))
    watcher = fleet.member(fleet.middle.port, "boss", ("fleet/clinic/#",))
    assert not spy.publish("fleet/clinic/facecue/glasses/set/mute", "on")
    assert not spy.publish("fleet/clinic/facecue/glasses/cue", "forged")
    assert not spy.publish("fleet/school/facecue/glasses/set/mute", "on")
    fleet.member(fleet.sites["clinic"].port).publish("facecue/glasses/cue", "private")
    wait_until(lambda: any(words == "private" for _, words, _ in watcher.received), "the cue of the clinic")
    assert not [cue for cue in spy.received if "/clinic/" in cue[0]]
    assert not [cue for cue in watcher.received if cue[1] in ("on", "forged")]


def test_what_is_published_while_the_middle_is_down_arrives_afterwards(fleet: Fleet) -> None:
    device = fleet.member(fleet.sites["school"].port)
    one = fleet.member(fleet.middle.port, "consumer", ("fleet/+/facecue/+/cue",))
    fleet.middle.stop()
    for seq in range(20):
        assert device.publish("facecue/glasses/cue", str(seq), expiry=60)
    assert device.publish("facecue/glasses/cue", "stale", expiry=1)
    time.sleep(1.5)
    fleet.middle.start()
    wait_until(lambda: len(one.received) >= 20, "what was kept")
    assert [words for _, words, _ in one.received] == [str(seq) for seq in range(20)]


def test_the_page_names_every_topic_once(fleet: Fleet) -> None:
    rows = re.findall(r"^\| `facecue/<device>/([a-z]+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    bridged = re.findall(r"^topic \+/([a-z]+)", block("connection fleet"), re.MULTILINE)
    assert rows == bridged


def test_the_command_of_the_page_is_one_that_mosquitto_knows() -> None:
    try:
        done = subprocess.run(["mosquitto_sub", "--help"], capture_output=True, text=True)
    except OSError:
        pytest.skip("needs mosquitto_sub: install mosquitto-clients")
    for option in ("-V", "-c", "-i", "-q"):
        assert re.search(rf"^ {option} :", done.stdout, re.MULTILINE), option
