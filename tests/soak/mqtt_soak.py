"""MQTT under fire: ten thousand cues while mosquitto and the publisher are killed again and again.

    python tests/soak/mqtt_soak.py [--cues 10000] [--rate 120]

mosquitto is killed and restarted five times, once for longer than a cue lives, and the publisher, a process
of its own with the product's sink, is killed (SIGKILL) three times, once while the broker is away. A
subscriber stands for the phone. The table says what came of it; exit status 1 if a cue that had not expired
is missing, one came late, twice or out of order after de-duplication by stream and seq, or memory or outbox
grew.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import processes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "edge" / "mqtt"))

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from realbroker import Broker, smile

from edge.mqtt.sink import EXPIRY_SECONDS, MqttSink
from edge.settings import MqttSettings
from edge.sinks import SinkWorker
from edge.types import Cue
from edge.uptime import uptime

DEVICE = "soak"
TOPIC = f"facecue/{DEVICE}/cue"
FULL = (
    (0.08, "broker", 1.0),
    (0.18, "publisher", 0.0),
    (0.28, "broker", 2.0),
    (0.38, "both", 3.0),
    (0.52, "broker", 13.0),
    (0.72, "publisher", 0.0),
    (0.82, "broker", 0.5),
)
"""At this share of the cues: who is killed, and how many seconds the broker stays away."""
SHORT = ((0.2, "broker", 0.5), (0.45, "publisher", 0.0), (0.65, "both", 1.0))
LATE_SECONDS = EXPIRY_SECONDS + 1.5
"""The broker counts in whole seconds."""
BACK_SECONDS = 9.0
"""Within so long after the broker's return a fresh cue must be there again."""
MOST_GROWTH_KIB = 8 * 1024
MOST_OUTBOX_KIB = 8 * 1024
QUIET_SECONDS = 2.0
PATIENCE_SECONDS = 60.0


def publish(port: int, folder: Path, first: int, last: int, rate: float) -> None:
    """The publisher: a loop that makes a cue at every turn, and notes what the sink has taken.

    Writes "number uptime" to taken, and to ages how much later than planned every turn came, in ms: what a
    picture would have been older.
    """
    taken = os.open(folder / "taken", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    ages = os.open(folder / "ages", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    settings = MqttSettings("127.0.0.1", port, device=DEVICE, outbox_folder=str(folder / "outbox"))

    class Noted(MqttSink):
        def deliver(self, cue: Cue) -> None:
            made_at = uptime()
            super().deliver(cue)
            os.write(taken, f"{cue.text} {made_at}\n".encode())

    worker = SinkWorker(
        Noted(settings, ("movements",), lambda name, error: None),
        time.monotonic,
        lambda name, error: None,
        capacity=last,
    )
    began = time.monotonic()
    for number in range(first, last + 1):
        due = began + (number - first) / rate
        time.sleep(max(0.0, due - time.monotonic()))
        os.write(ages, f"{1000 * (time.monotonic() - due):.2f}\n".encode())
        cue = smile(str(number))
        now = time.monotonic()
        worker.offer(Cue(cue.kind, cue.label, cue.text, cue.priority, now, now + 60.0, cue.reading))
    worker.drain(PATIENCE_SECONDS)
    worker.close()


class Phone:
    """Subscribes in a session that outlives a lost connection, and notes what came when."""

    def __init__(self, port: int) -> None:
        self.received: list[tuple[float, bytes]] = []
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "phone", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(TOPIC, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._keep
        keep = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        keep.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=keep)
        self._client.loop_start()
        if not self._subscribed.wait(PATIENCE_SECONDS):
            raise RuntimeError("the phone could not subscribe")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho closes its own pair of sockets only when it is collected: now, not later.
        del self._client

    def _keep(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.received.append((uptime(), message.payload))


@dataclass
class Outcome:
    """What is proved; times in seconds, unless they say ms."""

    taken: int = 0
    broker_kills: int = 0
    publisher_kills: int = 0
    arrived: int = 0
    expired: int = 0
    missing: list[int] = field(default_factory=list)
    twice_on_the_wire: int = 0
    twice: list[int] = field(default_factory=list)
    out_of_order: list[int] = field(default_factory=list)
    latest: float = 0.0
    back_after: list[float] = field(default_factory=list)
    delays_ms: tuple[float, float] = (0.0, 0.0)
    ages_ms: tuple[float, float, float] = (0.0, 0.0, 0.0)
    grown_kib: int = 0
    outbox_kib: int = 0
    streams: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> list[str]:
        found = {
            "a cue that had not expired is missing": bool(self.missing),
            "one came twice": bool(self.twice),
            "one came out of order": bool(self.out_of_order),
            "one came late": self.latest > LATE_SECONDS,
            "it took long to come back": max(self.back_after, default=0.0) > BACK_SECONDS,
            "memory grew": self.grown_kib > MOST_GROWTH_KIB,
            "the outbox grew": self.outbox_kib > MOST_OUTBOX_KIB,
            "the count began anew": self.streams != 1,
        }
        return [words for words, there in found.items() if there]

    def table(self) -> str:
        """For people, and for documents."""
        back = ", ".join(f"{seconds:.1f}" for seconds in self.back_after)
        rows = [
            ("cues that the sink took", self.taken),
            ("broker killed / publisher killed", f"{self.broker_kills} / {self.publisher_kills}"),
            ("arrived", self.arrived),
            ("expired while the broker was away", self.expired),
            ("missing", len(self.missing)),
            ("twice on the wire", self.twice_on_the_wire),
            ("twice after de-duplication", len(self.twice)),
            ("out of order after de-duplication", len(self.out_of_order)),
            ("oldest on arrival", f"{self.latest:.1f} s"),
            ("fresh cues again, after the broker's return", f"{back} s"),
            ("sink to phone, p50 / p95", f"{self.delays_ms[0]:.1f} / {self.delays_ms[1]:.1f} ms"),
            ("frame age, p50 / p99 / most", " / ".join(f"{age:.1f}" for age in self.ages_ms) + " ms"),
            ("memory of the publisher grew by at most", f"{self.grown_kib} KiB"),
            ("outbox file at most", f"{self.outbox_kib} KiB"),
            ("took", f"{self.seconds:.0f} s"),
        ]
        return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


class Soak:
    """One run. kills: as in FULL."""

    def __init__(
        self, cues: int, rate: float, kills: tuple[tuple[float, str, float], ...], folder: Path
    ) -> None:
        self._cues, self._rate, self._kills, self._folder = cues, rate, kills, folder
        self._outcome = Outcome()
        self._away: list[tuple[float, float]] = []
        self._publisher: subprocess.Popen[bytes] | None = None
        self._resident: list[int] = []
        (folder / "broker").mkdir()
        remember = [
            *("persistence true", f"persistence_location {folder / 'broker'}/", "autosave_interval 1"),
            *("autosave_on_changes true", "max_queued_messages 0"),
        ]
        self._broker = Broker(folder / "broker", "allow_anonymous true", *remember)

    def run(self) -> Outcome:
        began = time.monotonic()
        with ExitStack() as stack:
            stack.callback(self._broker.kill)
            phone = Phone(self._broker.port)
            stack.callback(phone.close)
            # So that the broker, killed, still knows the phone.
            time.sleep(1.5)
            stack.callback(self._kill_publisher)
            self._start_publisher(1)
            for share, who, seconds in self._kills:
                self._wait_for(round(share * self._cues))
                self._strike(who, seconds)
            self._wait_for(self._cues)
            assert self._publisher is not None
            self._publisher.wait(PATIENCE_SECONDS)
            self._measure_growth()
            self._wait_for_quiet(phone)
            received = list(phone.received)
        self._judge(received)
        self._outcome.seconds = time.monotonic() - began
        return self._outcome

    def _strike(self, who: str, seconds: float) -> None:
        if who == "publisher":
            self._restart_publisher()
            return
        gone_at = uptime()
        self._broker.kill()
        self._outcome.broker_kills += 1
        if who == "both":
            self._watch(seconds / 2)
            self._restart_publisher()
            self._watch(seconds / 2)
        else:
            self._watch(seconds)
        self._broker.start()
        self._away.append((gone_at, uptime()))

    def _restart_publisher(self) -> None:
        self._kill_publisher()
        self._outcome.publisher_kills += 1
        # The one after the last that was noted may have been taken as well.
        self._start_publisher(self._taken() + 2)

    def _start_publisher(self, first: int) -> None:
        arguments = [str(self._broker.port), str(self._folder), str(first), str(self._cues), str(self._rate)]
        self._resident = []
        self._publisher = subprocess.Popen([sys.executable, __file__, "--publish", *arguments])

    def _kill_publisher(self) -> None:
        if self._publisher is not None and self._publisher.poll() is None:
            self._measure_growth()
            self._publisher.send_signal(signal.SIGKILL)
            self._publisher.wait()

    def _wait_for(self, number: int) -> None:
        stuck_at, last = time.monotonic() + PATIENCE_SECONDS, -1
        while (taken := self._taken()) < number:
            if taken != last:
                stuck_at, last = time.monotonic() + PATIENCE_SECONDS, taken
            if time.monotonic() > stuck_at:
                raise RuntimeError(f"the publisher is stuck at {taken}")
            self._watch(0.1)

    def _watch(self, seconds: float) -> None:
        """Let time pass, and look at memory and outbox."""
        deadline = time.monotonic() + seconds
        while True:
            if self._publisher is not None:
                self._resident.append(processes.resident_kib(self._publisher.pid))
            size = sum(_size(path) for path in (self._folder / "outbox").glob("*"))
            self._outcome.outbox_kib = max(self._outcome.outbox_kib, size // 1024)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(min(0.25, remaining))

    def _measure_growth(self) -> None:
        # Before a third of its time the process is still loading and warming up.
        warm = [kib for kib in self._resident[len(self._resident) // 3 :] if kib]
        if warm:
            self._outcome.grown_kib = max(self._outcome.grown_kib, warm[-1] - warm[0])

    def _taken(self) -> int:
        lines = self._lines("taken")
        return int(lines[-1].split()[0]) if lines else 0

    def _lines(self, name: str) -> list[str]:
        try:
            text = (self._folder / name).read_text()
        except FileNotFoundError:
            return []
        # A killed process may have left half a line.
        return text[: text.rfind("\n") + 1].splitlines()

    def _wait_for_quiet(self, phone: Phone) -> None:
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            if len(phone.received) != seen:
                seen, since = len(phone.received), time.monotonic()
            time.sleep(0.1)

    def _judge(self, received: list[tuple[float, bytes]]) -> None:
        outcome = self._outcome
        taken = {int(number): float(at) for number, at in (line.split() for line in self._lines("taken"))}
        outcome.taken = len(taken)
        last: dict[str, int] = {}
        arrived: dict[int, float] = {}
        order: list[int] = []
        wire: set[tuple[str, int]] = set()
        for at, payload in received:
            body = json.loads(payload)
            stream, seq, number = body["stream"], body["seq"], int(body["text"])
            outcome.twice_on_the_wire += (stream, seq) in wire
            wire.add((stream, seq))
            if seq <= last.get(stream, 0):
                continue
            last[stream] = seq
            if number in arrived:
                outcome.twice.append(number)
            arrived[number] = at
            order.append(number)
        outcome.streams = len(last)
        outcome.out_of_order = [b for a, b in zip(order, order[1:]) if b <= a]
        outcome.arrived = len(arrived)
        delays = sorted((at - taken[number], at) for number, at in arrived.items() if number in taken)
        outcome.latest = delays[-1][0] if delays else 0.0
        caught_up = []
        for _, back in self._away:
            fresh = [at for delay, at in delays if at > back and delay < 1.0]
            caught_up.append(min(fresh, default=back))
            outcome.back_after.append(caught_up[-1] - back)
        for number, at in taken.items():
            if number in arrived:
                continue
            # One that was under way when the broker went was made a little before.
            spans = zip(self._away, caught_up)
            if any(gone - 1.0 <= at and at + EXPIRY_SECONDS <= until for (gone, _), until in spans):
                outcome.expired += 1
            else:
                outcome.missing.append(number)
        calm = [
            d for d, at in delays if not any(gone <= at <= u for (gone, _), u in zip(self._away, caught_up))
        ]
        outcome.delays_ms = (1000 * _quantile(calm, 0.5), 1000 * _quantile(calm, 0.95))
        ages = sorted(float(line) for line in self._lines("ages"))
        outcome.ages_ms = (_quantile(ages, 0.5), _quantile(ages, 0.99), _quantile(ages, 1.0))


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def soak(cues: int, rate: float, kills: tuple[tuple[float, str, float], ...] = FULL) -> Outcome:
    """Run it in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="facecue-soak-") as folder:
        return Soak(cues, rate, kills, Path(folder)).run()


def main(arguments: list[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="MQTT while broker and publisher are killed")
    parser.add_argument("--cues", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=120.0, help="cues a second")
    parser.add_argument("--short", action="store_true", help="the kills of the test suite")
    parser.add_argument("--publish", nargs=5, metavar=("PORT", "FOLDER", "FIRST", "LAST", "RATE"))
    options = parser.parse_args(arguments)
    if options.publish:
        port, folder, first, last, rate = options.publish
        publish(int(port), Path(folder), int(first), int(last), float(rate))
        return 0
    outcome = soak(options.cues, options.rate, SHORT if options.short else FULL)
    print(outcome.table())  # noqa: T201
    for words in outcome.faults:
        print(f"fault: {words}", file=sys.stderr)  # noqa: T201
    if outcome.missing:
        print(f"missing: {outcome.missing[:20]}", file=sys.stderr)  # noqa: T201
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
