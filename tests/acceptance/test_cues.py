"""Every change that a person sees in the clips of facecue is said once and in time, and nothing else is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from edge.cli import main
from edge.clips import CLIPS
from edge.cues.catalogue import ATTITUDE_PHRASES, EMOTION_PHRASES

MEDIA = Path(os.environ.get("FACECUE_MEDIA", Path(__file__).resolve().parents[3] / "shared" / "media"))
"""Clips for development, which may not be passed on."""
NAMES = {*ATTITUDE_PHRASES, *EMOTION_PHRASES}


def figures(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    file = tmp_path / "figures.json"
    assert main(["evaluate", "cues", *arguments, "--model", "small-au", "--json", str(file)]) == 0
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_clips_of_facecue_are_told_as_a_person_sees_them(tmp_path: Path) -> None:
    found = figures(tmp_path)
    assert [row["clip"] for row in found["clips"]] == sorted(path.name for path in CLIPS.glob("*.m*"))
    assert found["all"]["false"] == found["all"]["missed"] == []
    assert found["all"]["delay_p95"] <= 1.2


def said(tmp_path: Path, clip: Path, *options: str) -> list[dict[str, Any]]:
    file = tmp_path / "events.jsonl"
    arguments = ["run", "--source", str(clip), "--replay", "--quiet", "--events", str(file), *options]
    assert main(arguments) == 0
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("folder", "pattern"), [("grid", "*.mpg"), ("asl", "*.mkv")])
def test_nobody_who_talks_or_signs_is_said_to_feel_something(
    tmp_path: Path, folder: str, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = sorted((MEDIA / folder).glob(pattern))
    if not clips:
        pytest.skip(f"no clips at {MEDIA / folder}; name the folder in FACECUE_MEDIA")
    monkeypatch.setenv("FACECUE_MODEL__NAME", "small-au")
    for clip in clips:
        events = said(tmp_path, clip, "--levels", "movements,emotion")
        assert [event["label"] for event in events if event["kind"] == "person"] == ["person_ahead"], clip
        assert not NAMES & {event["label"] for event in events}, clip
