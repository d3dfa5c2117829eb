"""The released second stage reads a net of other units as if it were one of all units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the export extra")

from edge.emotions import EmotionStage
from edge.facs import EMOTIONS, UNIT_COLUMNS
from edge.model_folder import released
from models import borrowed_stage
from models.unit_statistics import LISTS

pytestmark = pytest.mark.heavy


def stage(units: tuple[str, ...]) -> EmotionStage:
    return EmotionStage(units, EMOTIONS, 0.4, **borrowed_stage.borrow(units)[0])


def lent() -> EmotionStage:
    with np.load(released(borrowed_stage.LENDER) / "emotions.npz") as archive:
        names = [*EmotionStage.ARRAYS, *EmotionStage.OPTIONAL_ARRAYS]
        return EmotionStage(
            UNIT_COLUMNS, EMOTIONS, 0.4, **{n: archive[n] for n in names if n in archive.files}
        )


def faces(count: int = 200) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Log-odds of faces such as the lender meets."""
    mean, covariance = borrowed_stage._statistics()
    drawn = np.random.default_rng(8).multivariate_normal(mean, covariance, count)
    return np.clip(drawn, -5.5, 5.5).astype(np.float32)


def test_all_units_in_any_order_are_the_released_stage_itself() -> None:
    logits = faces()
    order = np.random.default_rng(1).permutation(len(UNIT_COLUMNS))
    ours = stage(tuple(UNIT_COLUMNS[i] for i in order)).probabilities(logits[:, order])
    np.testing.assert_allclose(ours, lent().probabilities(logits), atol=1e-5)


def test_a_persons_own_neutral_stays_with_its_unit() -> None:
    units = ("AU12", "AU04", "AU25")
    arrays, _ = borrowed_stage.borrow(units)
    with np.load(released(borrowed_stage.LENDER) / "emotions.npz") as archive:
        for name in EmotionStage.OPTIONAL_ARRAYS:
            np.testing.assert_array_equal(arrays[name], archive[name][[UNIT_COLUMNS.index(u) for u in units]])


@pytest.mark.parametrize(
    ("name", "least"), [("DISFA's 12", 0.85), ("BP4D's 12", 0.8), ("1, 4, 6, 12, 25", 0.6)]
)
def test_fewer_units_still_tell_what_they_tell(name: str, least: float) -> None:
    logits, units = faces(1000), LISTS[name]
    columns = [UNIT_COLUMNS.index(unit) for unit in units]
    truth = lent().probabilities(logits).argmax(axis=1)
    agree = float((stage(units).probabilities(logits[:, columns]).argmax(axis=1) == truth).mean())
    # Left at 0, what is not read would mislead.
    blank = np.zeros_like(logits)
    blank[:, columns] = logits[:, columns]
    naive = float((lent().probabilities(blank).argmax(axis=1) == truth).mean())
    assert agree > least
    assert agree > naive


def test_the_card_says_whose_stage_it_is_and_what_it_lacks() -> None:
    said = borrowed_stage.borrow(("AU12", "AU04"))[1]
    assert said["lent_by"] == "small-au"
    assert len(said["not_read"]) == len(UNIT_COLUMNS) - 2
    assert said["measured_with_this_net"] is False


def test_statistics_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = faces(3000)
    monkeypatch.setattr(borrowed_stage, "STATISTICS", tmp_path / "s.json")
    borrowed_stage.write(logits, tmp_path / "s.json")
    mean, covariance = borrowed_stage._statistics()
    np.testing.assert_allclose(mean, logits.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(covariance, np.cov(logits.T), atol=1e-3)
    text = (tmp_path / "s.json").read_text().replace('"AU01"', '"AU99"')
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(ValueError, match="is of other units"):
        borrowed_stage._statistics()
