"""The judge of cues: what is right, false, missed and late, told from a few cues by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.cli import main
from edge.clips import CLIPS
from edge.errors import SettingsError
from edge.types import Cue, Priority
from models.evaluation import cue_truth, cues
from models.evaluation.cue_truth import ClipTruth, Span

SMILE = Span(1.0, 1.5, 5.0, frozenset({"smile", "positive"}), True)
TRUTH = ClipTruth("a.mp4", (SMILE, Span(0.0, 0.0, 9.0, frozenset({"mouth_open"}), False)))


def cue(at: float, *labels: str, kind: str = "cue", text: str = "two words") -> Cue:
    return Cue(kind, labels[0], text, Priority.NORMAL, at, at + 2.0, None, labels)


def judged(*said: Cue, truth: ClipTruth = TRUTH) -> cues.Verdict:
    return cues.judged(truth, cues.Heard(seconds=10.0, face_seconds=8.0, cues=list(said)))


def test_a_change_that_is_said_in_time_is_neither_false_nor_missed() -> None:
    verdict = judged(cue(2.25, "smile"))
    assert (verdict.false, verdict.missed, verdict.delays) == ([], [], [0.75])


def test_what_has_begun_may_be_said_before_it_is_clear() -> None:
    assert judged(cue(1.2, "smile")).delays == [0.0]
    assert judged(cue(0.9, "smile")).false == ["0.90 s smile"]


def test_what_is_said_late_is_missed_but_true() -> None:
    verdict = judged(cue(4.0, "smile"))
    assert verdict.false == []
    assert verdict.missed == ["1.50 s positive or smile, said 2.50 s late"]
    assert verdict.delays == [2.5]


def test_what_is_not_said_is_missed_and_has_no_delay() -> None:
    verdict = judged(cue(2.0, "mouth_open"))
    assert verdict.missed == ["1.50 s positive or smile"]
    assert verdict.delays == []


def test_each_label_may_be_said_once() -> None:
    verdict = judged(cue(2.0, "smile"), cue(3.0, "positive"), cue(4.0, "smile"))
    assert verdict.false == ["4.00 s smile again"]


def test_what_nobody_sees_is_false_and_so_is_what_is_over() -> None:
    verdict = judged(cue(2.0, "smile"), cue(3.0, "frown"), cue(6.3, "positive"))
    assert verdict.false == ["3.00 s frown", "6.30 s positive"]
    assert judged(cue(2.0, "smile"), cue(6.1, "positive")).false == []


def test_every_phrase_of_one_breath_counts_and_maybe_is_said_all_the_same() -> None:
    assert judged(cue(2.0, "maybe_smile", "frown")).false == ["2.00 s frown"]
    assert judged(cue(2.0, "maybe_smile")).missed == []


def test_hints_and_words_about_the_device_are_counted_but_not_judged() -> None:
    verdict = judged(
        cue(2.0, "smile"), cue(3.0, "camera_lost", kind="health"), cue(4.0, "covered", kind="hint")
    )
    assert verdict.false == []
    assert verdict.figures()["words_per_minute"] == 36.0


def test_the_figures_are_those_of_all_clips_together() -> None:
    verdicts = [judged(cue(2.0, "smile"), cue(3.0, "frown")), judged(cue(1.7, "smile"))]
    verdicts[0].heard.abstained["covered"] = 4.0
    found = cues.report(verdicts)
    row = found["all"]
    assert (row["changes"], len(row["missed"]), len(row["false"])) == (2, 0, 1)
    assert row["false_per_minute"] == 3.0
    assert (row["delay_p50"], row["delay_p95"]) == (0.35, 0.485)
    assert (row["abstaining"], row["abstaining_by_reason"]) == (0.25, {"covered": 0.25})
    assert row["words_per_minute"] == 18.0
    assert found["clips"][0]["abstaining"] == 0.5
    text = cues.table(found)
    assert "a.mp4: false: 3.00 s frown" in text
    assert "a.mp4: abstained: covered 50%" in text


def test_the_truth_of_the_clips_that_come_with_facecue_can_be_read() -> None:
    truths = cue_truth.read(cue_truth.BUNDLED)
    assert set(truths) == {path.name for path in CLIPS.iterdir() if path.suffix != ".toml"}
    assert all(any(span.must for span in truth.spans) for truth in truths.values())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", r"has no \[\[clip\]\]"),
        ("[[clip]]\nseen = []", 'clip 1: has no file = "NAME"'),
        ('[[clip]]\nfile = "a"\n[[clip]]\nfile = "a"', "a: is there twice"),
        ('[[clip]]\nfile = "a"\nsen = []', "a: sen is not known; known are file and seen"),
        ('[[clip]]\nfile = "a"\nseen = [3]', "3 in seen is not"),
        ('[[clip]]\nfile = "a"\nseen = [{from = 2, to = 1, may = ["smile"]}]', "0 <= from <= clear < to"),
        ('[[clip]]\nfile = "a"\nseen = [{from = 0, to = 1}]', "one of must and may has to be there"),
        ('[[clip]]\nfile = "a"\nseen = [{from = 0, to = 1, may = ["smle"]}]', "smle is no label; labels are"),
        ('[[clip]]\nfile = "a"\nseen = [{from = 0, to = 1, may = "smile"}]', "may is not a list of labels"),
        ('[[clip]]\nfile = "a"\nseen = [{from = 0, to = 1, may = ["smile"], at = 3}]', "at is not known"),
        ("[[clip", "is not valid TOML"),
    ],
)
def test_a_wrong_truth_is_refused_in_words(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "truth.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=fault):
        cue_truth.read(path)


def test_a_clip_without_a_truth_and_a_truth_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"says nothing of b\.mp4; it knows face_noface\.mov, langer\.mp4"
    ):
        cue_truth.of_clips([Path("b.mp4")], [cue_truth.BUNDLED])
    with pytest.raises(SettingsError, match="cannot be read"):
        cue_truth.read(tmp_path / "none.toml")


def test_a_clip_is_replayed_and_judged_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    clip = str(CLIPS / "single_face.mp4")
    arguments = ["--truth", str(cue_truth.BUNDLED), "--model", "small-au", "--json", str(file)]
    assert main(["evaluate", "cues", clip, *arguments]) == 0
    row = json.loads(file.read_text(encoding="utf-8"))["clips"][0]
    assert row["clip"] == "single_face.mp4"
    assert row["seconds"] == pytest.approx(2.4, abs=0.01)
    assert row["changes"] == 2
    assert row["missed"] == row["false"] == []
    assert 0.0 < row["delay_p50"] < 1.2
    assert "single_face.mp4: said" in capsys.readouterr().out


def test_faces_are_asked_for_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate"]) == 2
    assert "--data FOLDER is needed" in capsys.readouterr().err
