"""`facecue annotate`: the contract of its table, and what it does with files that are no pictures."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import wiring
from edge.cli import main
from edge.clips import CLIPS
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.settings import ModelSettings

UNITS = wiring.model(ModelSettings()).card.action_units
HEADER = [
    *("file", "frame", "face", "x", "y", "w", "h", "score"),
    *UNITS,
    *EMOTIONS,
    *("positive", "neutral_attitude", "negative"),
    "quality",
]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
        assert reader.fieldnames == HEADER
    return rows


def annotate(tmp_path: Path, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    out = tmp_path / "out.csv"
    status = main(["annotate", *arguments, "-o", str(out)])
    return status, rows_of(out)


def faces(count: int) -> list[np.ndarray]:
    """Real faces of a bundled clip, cut out roughly and made 48x48."""
    capture = cv2.VideoCapture(str(CLIPS / "langer.mp4"))
    found = []
    while len(found) < count:
        good, frame = capture.read()
        if not good:
            break
        found.append(cv2.resize(frame[40:320, 260:540], (48, 48), interpolation=cv2.INTER_AREA))
    capture.release()
    return [found[i % len(found)] for i in range(count)]


def test_a_row_for_every_crop_of_a_thousand(tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    folder.mkdir()
    for number, face in enumerate(faces(1000)):
        cv2.imwrite(str(folder / f"{number:04d}.png"), cv2.cvtColor(face, cv2.COLOR_BGR2GRAY))
    status, rows = annotate(tmp_path, "--crops", str(folder))
    assert status == 0
    assert [Path(r["file"]).name for r in rows] == [f"{n:04d}.png" for n in range(1000)]
    for row in rows:
        assert all(0.0 <= float(row[unit]) <= 1.0 for unit in UNITS)
        assert sum(float(row[e]) for e in EMOTIONS) == pytest.approx(1.0, abs=1e-4)
        attitudes = ("positive", "neutral_attitude", "negative")
        assert sum(float(row[a]) for a in attitudes) == pytest.approx(1.0, abs=1e-4)
    # A sad beginning and a laughing end: the table must tell the two apart.
    assert np.mean([float(r["positive"]) for r in rows[250:470]]) > 0.8
    assert np.mean([float(r["positive"]) for r in rows[:130]]) < 0.4


def test_bad_files_are_named_and_counted_and_good_ones_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    face = faces(1)[0]
    cv2.imwrite(str(folder / "good.png"), face)
    cv2.imwrite(str(folder / "whole.jpg"), face)
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) * 6 // 10])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("not a picture\n")
    cv2.imwrite(str(folder / "one.png"), np.full((1, 1, 3), 90, np.uint8))
    cv2.imwrite(str(folder / "large.jpg"), cv2.resize(face, (5000, 4000)))
    status, rows = annotate(tmp_path, "--crops", str(folder))
    errors = capsys.readouterr().err.splitlines()
    assert status == 3
    assert {Path(r["file"]).name for r in rows} == {"good.png", "whole.jpg", "one.png", "large.jpg"}
    for name in ("truncated.jpg", "empty.jpg", "notes.txt"):
        assert len([line for line in errors if name in line]) == 1
    assert errors[-1] == "facecue annotate: 3 files could not be read"


def test_the_units_that_every_net_reads_come_first() -> None:
    assert UNITS[: len(ACTION_UNITS)] == tuple(ACTION_UNITS)


def test_faces_are_found_in_pictures_and_clips(tmp_path: Path) -> None:
    capture = cv2.VideoCapture(str(CLIPS / "single_face.mp4"))
    good, frame = capture.read()
    capture.release()
    assert good
    picture = tmp_path / "a face.png"
    cv2.imwrite(str(picture), frame)
    status, rows = annotate(tmp_path, str(picture))
    assert (status, len(rows)) == (0, 1)
    assert float(rows[0]["score"]) > 0.7
    status, clip_rows = annotate(tmp_path, str(CLIPS / "single_face.mp4"), "--every", "24")
    assert status == 0
    assert [r["frame"] for r in clip_rows] == ["0", "24", "48"]
    assert float(clip_rows[0]["AU12"]) < 0.5 < float(clip_rows[2]["AU12"])
    # The same picture gives the same units, whether it comes from a file or from the clip.
    assert rows[0]["AU12"] == clip_rows[0]["AU12"]


def test_a_picture_without_a_face_gives_no_row(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 300, 3), 128, np.uint8))
    assert annotate(tmp_path, str(tmp_path / "grey.png")) == (0, [])
