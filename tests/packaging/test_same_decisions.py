"""The judge of scripts/check-arm64 tells decisions from rounding."""

from __future__ import annotations

from pathlib import Path

import pytest
import same_decisions

HEAD = "file,frame,AU01,AU12,AU12L," + ",".join(same_decisions.EMOTIONS)


def table(path: Path, *rows: str) -> str:
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return str(path)


ROW = "a,0,0.1,0.9,,0.7,0.3,0,0,0,0,0,0"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (ROW, ""),
        ("a,0,0.1,0.885,,0.7,0.3,0,0,0,0,0,0", ""),
        ("a,0,0.1,0.4,,0.7,0.3,0,0,0,0,0,0", "row 1: AU12 is 0.900 in one and 0.400 in the other"),
        ("a,0,0.1,0.9,,0.3,0.7,0,0,0,0,0,0", "row 1: neutral in one and happiness in the other"),
    ],
)
def test_decisions(other: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = same_decisions.main(table(tmp_path / "a.csv", ROW), table(tmp_path / "b.csv", other))
    assert status == bool(said)
    assert said in capsys.readouterr().out


def test_a_unit_at_the_threshold_may_fall_either_way(tmp_path: Path) -> None:
    rows = (ROW.replace("0.9", value) for value in ("0.495", "0.505"))
    one, other = (table(tmp_path / f"{n}.csv", row) for n, row in enumerate(rows))
    assert same_decisions.main(one, other) == 0


def test_a_table_without_faces_proves_nothing(tmp_path: Path) -> None:
    empty = table(tmp_path / "a.csv")
    assert same_decisions.main(empty, empty) == 1
    assert same_decisions.main(empty, table(tmp_path / "b.csv", ROW)) == 1
