"""The status page's data: what devices publish, figures of latency, settings without secrets."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace

from hubhelp import get, member, wait_until

from edge.hub import status
from edge.hub.hub import Hub
from edge.hub.watch import Watched
from edge.settings import Settings, SourceSettings


def _live(hub: Hub) -> dict:
    return json.loads(get(hub, "/status/live.json")[2])


def test_what_a_device_publishes_is_shown(shared: tuple[Hub, Settings]) -> None:
    hub, made = shared
    with member(hub, made, "glasses") as device:
        assert device.publish("facecue/glasses/available", "online", retain=True)
        assert device.publish(
            "facecue/glasses/state", json.dumps({"text": "smiling", "person": True}), retain=True
        )
        assert device.publish("facecue/glasses/health", json.dumps({"temperature_celsius": 51}))
        for seq in range(1, 21):
            cue = {"kind": "cue", "text": "smiling", "seq": seq, "ts": f"t{seq}", "latency_ms": seq * 10.0}
            assert device.publish("facecue/glasses/cue", json.dumps(cue))
        # The same again, as after a lost acknowledgement.
        assert device.publish("facecue/glasses/cue", json.dumps(cue))
        for nonsense in (
            "no json",
            "[1]",
            '{"latency_ms": "x", "text": 7}',
            '{"latency_ms": NaN}',
            "[" * 5000,
        ):
            device.publish("facecue/glasses/cue", nonsense)
        wait_until(lambda: len(_live(hub)["devices"][0]["cues"]) >= 22, "the cues")
    live = _live(hub)
    (shown,) = live["devices"]
    assert (shown["name"], shown["available"]) == ("glasses", "online")
    assert shown["state"]["text"] == "smiling" and shown["health"] == {"temperature_celsius": 51}
    assert [cue["seq"] for cue in shown["cues"]][:20] == list(range(1, 21))
    assert len(shown["cues"]) == 22
    assert shown["latency_ms"] == {"p50": 105.0, "p95": 190.5, "count": 20}
    assert shown["heard_seconds"] < 20
    assert live["broker"]["connected"] and live["broker"]["running"]


def test_a_device_that_said_nothing_yet() -> None:
    live = status.overview({"glasses": Watched()}, {}, 100.0)
    (shown,) = live["devices"]  # type: ignore[misc]
    assert shown["heard_seconds"] is None and shown["latency_ms"] == {"p50": None, "p95": None, "count": 0}


def test_memory_is_bounded() -> None:
    watched = Watched()
    for seq in range(10_000):
        watched.cues.append(({"seq": seq}, 0.0))
    assert isinstance(watched.cues, deque) and len(watched.cues) == 300


def test_every_setting_is_shown_and_no_password(shared: tuple[Hub, Settings]) -> None:
    hub, _ = shared
    rows = {row["key"]: row for row in json.loads(get(hub, "/status/settings.json")[2])}
    assert rows["hub.devices"]["value"] == ["glasses", "lamp"] and rows["hub.devices"]["changed"]
    assert not rows["speech.volume"]["changed"] and rows["speech.volume"]["doc"]
    made = replace(Settings(), source=SourceSettings(uri="rtsp://anna:geheim@cam.local/live?pw=geheim"))
    told = json.dumps(status.settings_table(made))
    assert "geheim" not in told and "rtsp://cam.local/live" in told
