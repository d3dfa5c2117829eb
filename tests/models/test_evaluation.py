"""`facecue evaluate` on miniature data and a tiny model: figures, slices, peers, tables and the report."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import sys
import types
from html.parser import HTMLParser
from pathlib import Path

import cv2
import miniature
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the train extra")
pytest.importorskip("jinja2", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="needs the train extra")

from edge.action_units import ActionUnitNet
from edge.cli import main
from edge.emotions import EmotionStage, probability
from edge.facs import ACTION_UNITS, EMOTIONS, SIDED_UNITS
from models.data.ckplus import PROTOCOL
from models.data.readers import DataError
from models.evaluation import figures, neutral, targets, truth
from models.evaluation.answers import Answers
from models.evaluation.slices import SLICES

pytestmark = pytest.mark.heavy
NAN = math.nan


def _tiny_model() -> types.ModuleType:
    path = Path(__file__).parents[1] / "edge" / "tiny_model.py"
    spec = importlib.util.spec_from_file_location("tiny_model_of_edge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny_model().build(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def full(data: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with report.html, figures.json and the cache of a whole evaluation."""
    folder = tmp_path_factory.mktemp("full")
    arguments = ["--slices", "--cache", str(folder / "cache"), "--report", str(folder / "report.html")]
    assert evaluate(data, tiny, *arguments, "--json", str(folder / "figures.json")) == 0
    return folder


def evaluate(data: Path, model: Path, *more: str | Path) -> int:
    return main(["evaluate", "--data", str(data), "--model", str(model), *map(str, more)])


def figures_of(folder: Path) -> dict:
    return json.loads((folder / "figures.json").read_text())


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one sentence on stderr."""
    capsys.readouterr()
    assert main(["evaluate", *map(str, arguments)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("facecue ")]
    assert len(lines) == 1
    return lines[0]


def test_every_figure_has_its_interval(full: Path) -> None:
    report = figures_of(full)
    fer, ck = report["ferplus_valid"], report["ckplus"]
    for found in (fer, fer["attitude"]):
        for name in ("plurality", "macro_f1", "mcc", "kappa"):
            low, high = found["intervals"][name]
            assert low <= found[name] <= high
        assert sum(map(sum, found["confusion"])) == found["pictures"]
        assert sum(b["count"] for b in found["reliability"]) == found["calibration_pictures"]
    # Rows 64 to 105 of the miniature, every eighth of them a surprise.
    assert fer["pictures"] == 42
    assert fer["attitude"]["pictures"] == 42 - sum(row % 8 == 2 for row in range(64, 106))
    assert ck["folds"] == [0, 1]
    assert (ck["people"], ck["pictures"], ck["peaks"]) == (10, 30, 20)
    for table, macro, spans in (
        ("units", "macro_f1", "intervals"),
        ("peaks_only_units", "peaks_only_macro_f1", "peaks_only_intervals"),
    ):
        assert set(ck[table]) == set(PROTOCOL)
        assert ck[macro] == pytest.approx(np.mean([u["f1"] for u in ck[table].values()]))
        low, high = ck[spans]["f1"]
        assert low <= ck[macro] <= high
    # An onset shows nothing by protocol: it can only add false alarms.
    assert all(ck["units"][u]["f1"] <= ck["peaks_only_units"][u]["f1"] for u in PROTOCOL)
    assert ck["units"]["AU01"]["positives"] == ck["peaks_only_units"]["AU01"]["positives"]


def test_a_slice_that_changes_no_byte_loses_nothing(full: Path) -> None:
    report = figures_of(full)
    rows = {row["name"]: row for row in report["slices"]["rows"]}
    assert list(rows) == [s.name for s in SLICES]
    lossless = rows["grey in three channels"]
    for key in ("plurality_lost", "agreed_lost", "macro_f1_lost", "macro_auroc_lost"):
        assert lossless[key] == 0.0
    assert lossless["macro_f1_lost_interval"] == [0.0, 0.0]
    assert report["slices"]["undisturbed"]["plurality"] == report["ferplus_valid"]["plurality"]
    moved = rows["10% down"]
    assert moved["plurality_lost"] == pytest.approx(
        100 * (report["ferplus_valid"]["plurality"] - moved["plurality"])
    )
    assert any(row["macro_auroc_lost"] != 0.0 for row in rows.values())
    wanted = [row["what"] for row in report["targets"]]
    assert "10 % shifts: most lost of FER+ plurality" in wanted
    worst = max(row["plurality_lost"] for row in rows.values() if row["name"].startswith("10%"))
    assert report["targets"][wanted.index("10 % shifts: most lost of FER+ plurality")]["value"] == worst


def test_answers_that_are_kept_are_not_asked_for_again(
    data: Path, tiny: Path, full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: ActionUnitNet, crop: np.ndarray) -> np.ndarray:
        raise AssertionError("the net was asked")

    arguments = ["--slices", "--cache", full / "cache", "--json", tmp_path / "figures.json"]
    with monkeypatch.context() as changed:
        changed.setattr(ActionUnitNet, "of_crop", never)
        assert evaluate(data, tiny, *arguments) == 0
    again = figures_of(tmp_path)
    assert {**again, "command": ""} == {**figures_of(full), "command": ""}


def test_answers_of_another_model_or_picture_or_cut_short_do_not_count(
    own_data: Path, tiny: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    arguments = ["--cache", cache, "--json", tmp_path / "figures.json"]
    assert evaluate(own_data, tiny, *arguments) == 0
    before = figures_of(tmp_path)
    kept = sorted(cache.iterdir())
    assert [path.name.rpartition("-")[0] for path in kept] == ["ckplus-undisturbed", "ferplus-undisturbed"]
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    assert evaluate(own_data, tiny, *arguments) == 0
    assert figures_of(tmp_path) == before
    with np.load(own_data / "ckplus_128.npz") as archive:
        images = 255 - archive["images"]
    miniature.change(own_data / "ckplus_128.npz", images=images)
    assert evaluate(own_data, tiny, *arguments) == 0
    assert len(list(cache.iterdir())) == 3
    assert figures_of(tmp_path)["ckplus"]["macro_auroc"] != before["ckplus"]["macro_auroc"]


class Page(HTMLParser):
    """What a screen reader meets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.images: list[dict[str, str | None]] = []
        self.tables = self.captions = self.rows_without_header = 0
        self.language: str | None = None
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag == "img":
            self.images.append(given)
        if tag == "html":
            self.language = given.get("lang")
        if tag == "th":
            self.rows_without_header += "scope" not in given
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href")]


def test_the_report_can_be_heard_and_stands_alone(full: Path, data: Path) -> None:
    text = (full / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.language == "en"
    assert page.headings[0] == 1
    assert set(page.headings[1:]) == {2}
    assert page.captions == page.tables >= 8
    assert page.rows_without_header == 0
    assert len(page.images) == 7
    assert all((image["alt"] or "").endswith("above.") for image in page.images)
    assert page.addresses
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.addresses)
    assert "<script" not in text
    assert ">nan" not in text
    report = figures_of(full)
    assert f"<td>{report['ckplus']['macro_f1']:.3f}</td>" in text
    assert f"--data {data}" in text
    assert all(f">{s.name}</th>" in text for s in SLICES)


def test_the_same_figures_through_annotate(
    data: Path, tiny: Path, full: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops, table = tmp_path / "crops", tmp_path / "table.csv"
    assert evaluate(data, tiny, "--write-crops", crops) == 0
    assert "written: 72 pictures; next: facecue annotate --crops" in capsys.readouterr().out
    assert len(list(crops.glob("*.png"))) == 72
    assert cv2.imread(str(crops / "fer0000064.png"), cv2.IMREAD_UNCHANGED).shape == (48, 48)
    assert main(["annotate", "--crops", "--model", str(tiny), str(crops), "-o", str(table)]) == 0

    json_file = tmp_path / "figures.json"
    assert evaluate(data, tiny, "--annotations", table, "--json", json_file) == 0

    ours, device = figures_of(tmp_path), figures_of(full)
    assert ours["answers"] == "facecue annotate --crops"
    assert ours["ferplus_valid"]["confusion"] == device["ferplus_valid"]["confusion"]
    for key in ("macro_f1", "macro_auroc", "peaks_only_macro_f1"):
        assert ours["ckplus"][key] == pytest.approx(device["ckplus"][key], abs=1e-6)


@pytest.fixture
def rows(data: Path, tiny: Path, tmp_path: Path) -> list[dict[str, str]]:
    """A table that fits, without the net."""
    wild = truth.wild(data)
    coded = truth.coded(data, [0, 1], tuple(ACTION_UNITS))
    values = {**dict.fromkeys(ACTION_UNITS, "0.5"), **dict.fromkeys(EMOTIONS, "0.125")}
    return [{"file": f"crops/{key}.png", **values} for key in (*wild.keys, *coded.keys)]


def write_table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def test_a_table_that_does_not_fit_is_one_sentence(
    data: Path,
    tiny: Path,
    tmp_path: Path,
    rows: list[dict[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def told(changed: list[dict[str, str]]) -> str:
        path = write_table(tmp_path / "table.csv", changed)
        return refusal(capsys, "--data", data, "--model", tiny, "--annotations", path)

    fewer = [{k: v for k, v in row.items() if k != "AU12"} for row in rows]
    assert "table.csv has no column AU12: give a table that facecue annotate --crops made with tiny" in told(
        fewer
    )
    assert "lacks 1 of 42 pictures of FER+ valid, for one fer0000065" in told([rows[0], *rows[2:]])
    assert "lacks 30 of 30 pictures of CK+" in told(rows[:42])
    assert "line 4: fer0000065 stands there twice" in told([*rows[:2], *rows[1:]])
    assert "line 2: could not convert string to float: 'much'" in told(
        [{**rows[0], "fear": "much"}, *rows[1:]]
    )
    assert "line 2: a value is no number" in told([{**rows[0], "AU01": "nan"}, *rows[1:]])
    nowhere = tmp_path / "nowhere.csv"
    sentence = refusal(capsys, "--data", data, "--model", tiny, "--annotations", nowhere)
    assert "nowhere.csv cannot be read as a table" in sentence


def test_what_cannot_be_done_is_said_before_the_work(
    data: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--data", data, "--model", tiny)
    told = refusal(capsys, *common, "--slices", "--annotations", tmp_path / "table.csv")
    assert "--slices runs the model itself" in told
    told = refusal(capsys, *common, "--report", tmp_path / "nowhere" / "report.html")
    assert "--report" in told
    assert "cannot be written (No such file" in told
    (tmp_path / "file").touch()
    assert "--cache" in refusal(capsys, *common, "--cache", tmp_path / "file")
    assert "--write-crops" in refusal(capsys, *common, "--write-crops", tmp_path / "file")


def test_the_folds_are_those_of_the_card(data: Path, tmp_path: Path) -> None:
    module = _tiny_model()
    folder = module.build(tmp_path / "model")
    recipe = {"recipe": {"data": {"test_folds": [4]}}}
    module.change_card(folder, lambda table: table.update(provenance=recipe))
    assert evaluate(data, folder, "--json", tmp_path / "figures.json") == 0
    assert figures_of(tmp_path)["ckplus"]["folds"] == [4]
    assert figures_of(tmp_path)["ckplus"]["not_held_out"] == []
    assert evaluate(data, folder, "--json", tmp_path / "figures.json", "--folds", "3,4") == 0
    assert figures_of(tmp_path)["ckplus"]["not_held_out"] == [3]


def test_a_net_with_sided_units_is_read_by_the_others(data: Path) -> None:
    names = (*SIDED_UNITS, *ACTION_UNITS)  # in an order of its own
    coded = truth.coded(data, [0, 1], names)
    assert coded.codes.shape == (30, len(names))
    plain = truth.coded(data, [0, 1], tuple(ACTION_UNITS))
    np.testing.assert_array_equal(coded.codes[:, len(SIDED_UNITS) :], plain.codes)
    rng = np.random.default_rng(1)
    answers = Answers(rng.random(coded.codes.shape).astype(np.float32), np.full((30, 8), 0.125, np.float32))
    assert set(figures.of_coded(coded, answers, names)["units"]) == set(PROTOCOL)


class Peers(types.ModuleType):
    """One peer that knows every answer but contempt, and one that is not installed."""

    NAMES = ("oracle", "absent")
    UNIT_NAMES = ("coder",)

    def __init__(self, votes: np.ndarray) -> None:
        super().__init__("models.peers")
        self.votes = votes

    def predictions(
        self, name: str, images: list[np.ndarray], cache: Path, *, data: Path, blendshapes: np.ndarray
    ) -> np.ndarray:
        assert cache.is_dir()
        assert (data / "ferplus.npz").is_file()
        assert blendshapes.shape == (len(images), 52)
        if name == "absent":
            raise ModuleNotFoundError("absent is not installed")
        out = np.full((len(images), 8), 0.01, np.float32)
        said = self.votes.argmax(axis=1) if len(images) == len(self.votes) else np.zeros(len(images), int)
        out[np.arange(len(images)), said] = 0.93
        out[:, EMOTIONS.index("contempt")] = 0.0
        if len(images) == len(self.votes):
            out[0] = np.nan  # no face was found
        return out

    def unit_predictions(
        self, name: str, images: list[np.ndarray], cache: Path, *, data: Path, blendshapes: np.ndarray
    ) -> dict[str, np.ndarray]:
        codes = truth.coded(data, [0, 1], PROTOCOL).codes
        found = {unit: codes[:, k].copy() for k, unit in enumerate(PROTOCOL)}
        found["AU04"][-3:] = np.nan
        return {**found, "AU45": np.zeros(len(images), np.float32)}


def test_peers_stand_beside_on_the_same_pictures(
    data: Path,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import models

    wild = truth.wild(data)
    fake = Peers(wild.votes)
    monkeypatch.setitem(sys.modules, "models.peers", fake)
    monkeypatch.setattr(models, "peers", fake, raising=False)
    files = ["--json", tmp_path / "figures.json", "--report", tmp_path / "report.html"]
    assert evaluate(data, tiny, "--peers", *files) == 0
    ours, oracle, coder = figures_of(tmp_path)["peers"]
    contempt = (wild.votes.argmax(axis=1) == EMOTIONS.index("contempt")).mean()
    assert (ours["name"], oracle["name"]) == ("tiny", "oracle")
    assert ours["plurality"] == figures_of(tmp_path)["ferplus_valid"]["plurality"]
    # Row 64 of the miniature is neutral to most: no answer to it is wrong, and not a neutral.
    assert oracle["answered"] == pytest.approx(41 / 42)
    assert oracle["plurality"] == pytest.approx(1 - contempt - 1 / 42)
    assert oracle["seven_plurality"] == pytest.approx(1 - 1 / (42 * (1 - contempt)))
    assert oracle["attitude"] == pytest.approx(1 - 1 / 37)  # contempt is negative by the rest
    assert oracle["ckplus_seven_peaks"] == 1.0  # the miniature calls every picture neutral
    assert coder == {
        "name": "coder",
        "units_answered": 0.9,
        "units_macro_f1": 1.0,
        "units_macro_auroc": 1.0,
    }
    assert ours["units_macro_f1"] == figures_of(tmp_path)["ckplus"]["macro_f1"]
    assert "absent is left out: absent is not installed" in capsys.readouterr().out
    text = (tmp_path / "report.html").read_text()
    assert ">oracle</th>" in text
    assert "absent is left out" in text
    lead = next(row for row in figures_of(tmp_path)["targets"] if "agree, seven" in row["what"])
    assert not lead["met"]


def test_without_peers_the_rest_is_there(
    data: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import models

    monkeypatch.delattr(models, "peers", raising=False)
    monkeypatch.setitem(sys.modules, "models.peers", None)
    assert evaluate(data, tiny, "--peers") == 0
    told = capsys.readouterr().out
    assert "the peers are left out: models.peers cannot be imported" in told
    assert "FER+ valid without twins" in told


def of_people(offset: float) -> tuple[truth.Coded, Answers]:
    """Four people, an onset and a happy peak each; the resting log-odds of two lie higher by `offset`."""
    names = tuple(ACTION_UNITS)
    subjects = np.repeat([f"P{k}" for k in range(4)], 2)
    peak = np.array([False, True] * 4)
    smile = names.index("AU12")
    codes = np.zeros((8, len(names)), np.float32)
    codes[peak & np.isin(subjects, ["P0", "P2"]), smile] = 1
    logits = np.full((8, len(names)), -2.0, np.float32)
    logits[codes == 1] += 3.0
    logits[np.isin(subjects, ["P1", "P3"])] += offset
    emotions = np.where(codes[:, smile] == 1, EMOTIONS.index("happiness"), EMOTIONS.index("neutral"))
    emotions = np.where(peak, emotions, truth.UNKNOWN).astype(np.int64)
    coded = truth.Coded([], names, codes, subjects, peak, emotions, [str(k) for k in range(8)], codes)
    return coded, Answers(probability(logits), np.full((8, 8), 0.125, np.float32))


def stage(average: float | None) -> EmotionStage:
    """Happy where AU12 shows, else neutral."""
    units = tuple(ACTION_UNITS)
    hidden = np.zeros((1, len(units)), np.float32)
    hidden[0, units.index("AU12")] = 1.0
    output = np.full((8, 1), 0.0, np.float32)
    output[EMOTIONS.index("happiness")] = 4.0
    bias = np.full(8, -9.0, np.float32)
    bias[EMOTIONS.index("neutral")] = 0.0
    bias[EMOTIONS.index("happiness")] = -1.0
    known = {}
    if average is not None:
        known = {
            "neutral_gain": np.ones(len(units), np.float32),
            "neutral_average": np.full(len(units), average, np.float32),
        }
    return EmotionStage(units, EMOTIONS, 0.4, hidden, np.zeros(1, np.float32), output, bias, **known)


def test_the_gain_of_a_persons_own_neutral() -> None:
    coded, answers = of_people(offset=3.0)
    found = neutral.neutral_gain(stage(-1.0), coded, answers, tuple(ACTION_UNITS))
    assert found is not None
    assert (found["people"], found["peaks"], found["named_peaks"]) == (4, 4, 4)
    # Without, the two who rest high are taken to smile; of their 3 at most 2 are taken off.
    assert found["emotions_without"] == 0.5
    assert found["emotions_with"] == 1.0
    assert found["units_without"] == pytest.approx(2 / 3)
    assert found["units_with"] == 1.0


def test_a_stage_that_takes_no_neutral_has_no_gain() -> None:
    coded, answers = of_people(offset=3.0)
    assert neutral.neutral_gain(stage(None), coded, answers, tuple(ACTION_UNITS)) is None


def test_targets_by_name_and_only_those_measured() -> None:
    report = {
        "ferplus_valid": {"agreed": 0.9, "plurality": 0.8, "macro_f1": 0.65, "recall": {"fear": 0.3}},
        "ckplus": {"macro_f1": 0.71, "macro_auroc": 0.935},
    }
    met = {row["what"]: row["met"] for row in targets.judged("vgg-face-au", report)}
    assert met == {
        "FER+ valid, where more than five raters agree": True,
        "FER+ valid, plurality": False,
        "FER+ valid, macro F1 of 8 emotions": True,
        "FER+ valid, least recall of an emotion": True,
        "CK+, macro F1 of 16 units": False,
        "CK+, macro AUROC of 16 units": False,
    }
    small = {row["what"]: row["met"] for row in targets.judged("small-au", report)}
    assert small["CK+, macro F1 of 16 units"]
    assert small["CK+, macro AUROC of 16 units"]


def test_a_name_that_stands_twice_stops_it(own_data: Path) -> None:
    with np.load(own_data / "ferplus.npz") as archive:
        names = archive["name"]
    names[65] = names[64]
    miniature.change(own_data / "ferplus.npz", name=names)
    with pytest.raises(DataError, match="names two pictures fer0000064"):
        truth.wild(own_data)
