"""The whole path to the phone: a clip through `facecue run`, the cues out of a real mosquitto."""

from __future__ import annotations

import json
from pathlib import Path

from realbroker import Broker, Phone, wait_until

from edge.cli import main
from edge.clips import CLIPS


def run(broker: Broker, tmp_path: Path, *options: str) -> None:
    config = tmp_path / "facecue.toml"
    config.write_text(
        f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\ndevice = "tested"\n', encoding="utf-8"
    )
    clip = str(CLIPS / "face_noface.mov")
    status = main(
        ["run", "--config", str(config), "--source", clip, "--replay", "--no-speech", "--quiet", *options]
    )
    assert status == 0


def test_a_clip_reaches_the_phone_as_valid_json(broker: Broker, phone: Phone, tmp_path: Path) -> None:
    run(broker, tmp_path)
    topic = "facecue/tested/cue"
    wait_until(lambda: len(phone.on(topic)) >= 3, "three events")
    events = [json.loads(m.payload) for m in phone.on(topic)]
    assert [e["kind"] for e in events] == ["person", "cue", "no_face"]
    assert events[1]["text"] == "smiling"
    assert [e["seq"] for e in events] == [1, 2, 3]
    assert events[1]["action_units"]["AU12"] >= 0.5
    # Emotions are not switched on, so none leaves the device.
    assert all(e["emotion"] is None for e in events)


def test_an_emotion_is_published_where_it_is_switched_on(
    broker: Broker, phone: Phone, tmp_path: Path
) -> None:
    run(broker, tmp_path, "--levels", "movements,emotion")
    topic = "facecue/tested/cue"
    wait_until(lambda: any(json.loads(m.payload)["emotion"] == "happiness" for m in phone.on(topic)), "it")
