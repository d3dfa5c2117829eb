"""The table of `facecue annotate` and the net of `facecue bench`: names, folders, faults, addresses."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_model

from edge.cli import main
from edge.clips import CLIPS
from edge.commands import annotate as command
from edge.emotions import log_odds
from edge.errors import PictureError
from edge.facs import EMOTIONS
from edge.model_folder import open_folder
from edge.neutral import bounded
from edge.sources.picture import read_picture

NOT_UTF8 = os.fsdecode(b"caf\xe9.png")
Annotate = Callable[..., int]


@pytest.fixture
def annotate(tiny_folder: Path) -> Annotate:
    def run(*arguments: str | Path) -> int:
        return main(["annotate", "--crops", "--model", str(tiny_folder), *map(str, arguments)])

    return run


def picture(path: Path) -> Path:
    """A grey square; cv2.imwrite itself cannot write every name."""
    good, data = cv2.imencode(".png", np.full((48, 48), 90, np.uint8))
    assert good
    path.write_bytes(data.tobytes())
    return path


def names(table: bytes) -> list[bytes]:
    return [line.split(b",")[0] for line in table.splitlines()[1:]]


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_name_that_is_not_utf8_is_in_the_table_as_it_is_on_the_disk(
    tmp_path: Path, annotate: Annotate
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", NOT_UTF8, "z.png"):
        picture(folder / name)
    assert annotate(folder, "-o", tmp_path / "out.csv") == 0
    found = names((tmp_path / "out.csv").read_bytes())
    assert [name.rpartition(b"/")[2] for name in found] == [b"a.png", b"caf\xe9.png", b"z.png"]


def test_so_it_is_on_standard_output(
    tmp_path: Path, annotate: Annotate, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert annotate(picture(tmp_path / NOT_UTF8)) == 0
    assert [name.rpartition(b"/")[2] for name in names(capfdbinary.readouterr().out)] == [b"caf\xe9.png"]


def test_a_clip_whose_name_is_not_utf8_is_one_fault(
    tmp_path: Path, annotate: Annotate, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CLIPS / "single_face.mp4", tmp_path / os.fsdecode(b"a\xe9.mp4"))
    picture(tmp_path / "z.png")
    assert annotate(tmp_path, "-o", tmp_path / "out.csv") == 1
    assert "is not UTF-8; give the clip another name" in said(capsys)[0]
    assert len(names((tmp_path / "out.csv").read_bytes())) == 1


def test_the_table_does_not_read_itself(
    tmp_path: Path, annotate: Annotate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "a.png")
    for _ in range(2):
        assert annotate(".", "-o", "out.csv") == 0
    assert names((tmp_path / "out.csv").read_bytes()) == [b"a.png"]
    assert said(capsys) == []


def test_a_picture_that_is_named_is_not_overwritten(
    tmp_path: Path, annotate: Annotate, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture(tmp_path / "a.png")
    before = path.read_bytes()
    assert annotate(path, "-o", path) == 2
    assert path.read_bytes() == before
    assert "give another file with -o" in "".join(said(capsys))


def test_a_folder_that_cannot_be_listed_is_one_fault_and_later_paths_go_on(
    tmp_path: Path, annotate: Annotate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The administrator, who may run these tests, can list every folder.
    def listed(folder: Path) -> Sequence[Path]:
        raise PictureError(f"the folder {folder} cannot be listed: Permission denied")

    monkeypatch.setattr(command, "pictures_in", listed)
    (tmp_path / "locked").mkdir()
    last = picture(tmp_path / "last.png")
    assert annotate(tmp_path / "locked", last, "-o", tmp_path / "out.csv") == 1
    assert names((tmp_path / "out.csv").read_bytes()) == [os.fsencode(last)]
    assert ["locked cannot be listed" in line for line in said(capsys)] == [True, False]


def test_a_path_the_system_refuses_is_one_fault_and_later_paths_go_on(
    tmp_path: Path, annotate: Annotate
) -> None:
    last = picture(tmp_path / "last.png")
    assert annotate(tmp_path / ("x" * 300), last, "-o", tmp_path / "out.csv") == 1
    assert names((tmp_path / "out.csv").read_bytes()) == [os.fsencode(last)]


def test_an_empty_folder_is_told_but_no_fault(
    tmp_path: Path, annotate: Annotate, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    assert annotate(tmp_path / "folder", "-o", tmp_path / "out.csv") == 0
    (line,) = said(capsys)
    assert f"the folder {tmp_path / 'folder'} holds no file to read" in line


def test_a_row_is_on_the_disk_before_the_next_file_is_read(
    tmp_path: Path, annotate: Annotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []

    def read(path: Path) -> object:
        rows.append(len((tmp_path / "out.csv").read_bytes().splitlines()) - 1)
        return read_picture(path)

    monkeypatch.setattr(command, "read_picture", read)
    pictures = [picture(tmp_path / f"{n}.png") for n in range(3)]
    assert annotate(*pictures, "-o", tmp_path / "out.csv") == 0
    assert rows == [0, 1, 2]


@pytest.mark.parametrize(
    "arguments",
    [["annotate"], ["annotate", "a.png"], ["bench", "--source"]],
    ids=["annotate", "annotate more", "bench"],
)
@pytest.mark.parametrize("source", ["rtsp://me:secret@camera.home/x", "http://me:secret@host/a?b=c", "0"])
def test_what_can_only_be_watched_is_refused_without_its_password(
    arguments: list[str], source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, source]) == 2
    (line,) = said(capsys)
    assert ("a replay needs a clip" if arguments[0] == "bench" else "is a camera or a stream") in line
    assert "secret" not in line
    assert source.rpartition("@")[2].partition("?")[0] in line


@pytest.fixture
def shaded(tmp_path: Path) -> Callable[[int], Path]:
    """Pictures of squares, always the same for the same number."""

    def make(number: int) -> Path:
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), tiny_model.golden_crops()[number])
        return path

    return make


def table(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, str]]:
    assert main(["annotate", "--crops", *map(str, arguments)]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_emotions_are_read_from_the_neutral_that_was_given(
    neutral_folder: Path,
    shaded: Callable[[int], Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    model, faces, rest = ["--model", neutral_folder], [shaded(1), shaded(2)], shaded(3)
    plain = table(capfd, *model, *faces)
    found = table(capfd, *model, "--neutral", rest, *faces)
    stage = open_folder(neutral_folder).emotion_stage
    assert stage.neutral_average is not None
    neutral = bounded(tiny_model.logits_of(tiny_model.golden_crops()[3]), stage.neutral_average)
    for number, before, after in zip((1, 2), plain, found):
        assert [before[unit] for unit in tiny_model.UNITS] == [after[unit] for unit in tiny_model.UNITS]
        wanted = stage.probabilities(tiny_model.logits_of(tiny_model.golden_crops()[number]), neutral)
        np.testing.assert_allclose([float(after[e]) for e in EMOTIONS], wanted, atol=0.02)
        assert max(abs(float(after[e]) - float(before[e])) for e in EMOTIONS) > 0.05


@pytest.mark.parametrize(
    ("crops", "neutral", "why"),
    [
        ([], "grey.png", "no face is found in the neutral picture {0}/grey.png: give one that shows a face"),
        (["--crops"], "gone.png", "there is no picture {0}/gone.png; check the name"),
        (["--crops"], "out.csv", "{0}/out.csv is to be read and written; give another file with -o"),
    ],
)
def test_a_neutral_that_cannot_be_used_is_one_sentence_and_no_table(
    neutral_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    crops: list[str],
    neutral: str,
    why: str,
) -> None:
    path, out = picture(tmp_path / "grey.png"), tmp_path / "out.csv"
    arguments = ["--neutral", str(tmp_path / neutral), str(path), "-o", str(out)]
    assert main(["annotate", "--model", str(neutral_folder), *crops, *arguments]) == 2
    assert said(capsys) == [f"facecue annotate: {why.format(tmp_path)}"]
    assert not out.exists()


def test_the_neutral_face_of_a_whole_picture_is_found_as_the_others_are(
    neutral_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capture = cv2.VideoCapture(str(CLIPS / "single_face.mp4"))
    cv2.imwrite(str(tmp_path / "whole.png"), capture.read()[1])
    capture.release()
    assert main(["annotate", "--model", str(neutral_folder), str(tmp_path / "whole.png")]) == 0
    (plain,) = csv.DictReader(io.StringIO(capfd.readouterr().out))
    arguments = ["--neutral", str(tmp_path / "whole.png"), str(tmp_path / "whole.png")]
    assert main(["annotate", "--model", str(neutral_folder), *arguments]) == 0
    (row,) = csv.DictReader(io.StringIO(capfd.readouterr().out))
    stage = open_folder(neutral_folder).emotion_stage
    logits = log_odds(np.array([float(row[unit]) for unit in tiny_model.UNITS], np.float32))
    assert stage.neutral_average is not None
    wanted = stage.probabilities(logits, bounded(logits, stage.neutral_average))
    np.testing.assert_allclose([float(row[e]) for e in EMOTIONS], wanted, atol=1e-3)
    assert row["neutral"] != plain["neutral"]


def test_a_model_that_reads_no_neutral_says_so(
    tmp_path: Path, annotate: Annotate, capsys: pytest.CaptureFixture[str]
) -> None:
    path = picture(tmp_path / "a.png")
    assert annotate("--neutral", path, path) == 2
    (line,) = said(capsys)
    assert "the model tiny does not read a person's own neutral: leave out --neutral" in line
