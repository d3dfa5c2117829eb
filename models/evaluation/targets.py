"""What a net is wanted to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_LOST = 3.0
MOST_LOST_24 = 8.0
"""Points of accuracy or macro F1 that a slice may cost."""
LAB = {"small-au": (0.70, 0.93)}
LAB_ELSE = (0.72, 0.94)
"""Macro F1 and AUROC wanted on CK+, by the name of the model."""


@dataclass(frozen=True)
class Target:
    """`value` reads the reached figure from the report; None where it was not measured."""

    what: str
    wanted: float
    unit: str
    at_most: bool
    value: Callable[[dict[str, Any]], float | None]


def judged(name: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for every target that the report can judge: what, wanted, reached, met."""
    rows = []
    for target in _targets(name):
        reached = target.value(report)
        if reached is not None:
            met = reached <= target.wanted if target.at_most else reached >= target.wanted
            sign = "at most" if target.at_most else "at least"
            rows.append(
                {
                    "what": target.what,
                    "wanted": f"{sign} {_shown(target.wanted, target.unit)}",
                    "reached": _shown(reached, target.unit),
                    "value": reached,
                    "met": bool(met),
                }
            )
    return rows


def _targets(name: str) -> list[Target]:
    f1, auroc = LAB.get(name, LAB_ELSE)
    found = [
        Target("FER+ valid, where more than five raters agree", 0.88, "%", False, _wild("agreed")),
        Target("FER+ valid, plurality", 0.81, "%", False, _wild("plurality")),
        Target("FER+ valid, macro F1 of 8 emotions", 0.65, "", False, _wild("macro_f1")),
        Target("FER+ valid, least recall of an emotion", 0.25, "", False, _least_recall),
        Target("CK+, macro F1 of 16 units", f1, "", False, lambda r: float(r["ckplus"]["macro_f1"])),
        Target("CK+, macro AUROC of 16 units", auroc, "", False, lambda r: float(r["ckplus"]["macro_auroc"])),
    ]
    for what, chosen, most in (
        ("10 % shifts", lambda s: s["group"] == "shift" and s["name"].startswith("10%"), MOST_LOST),
        ("scales 0.9 and 1.1", lambda s: s["group"] == "scale", MOST_LOST),
        ("12 degrees of rotation", lambda s: s["group"] == "rotation" and "12 " in s["name"], MOST_LOST),
        ("24 px upscaled", lambda s: s["name"] == "24 px upscaled", MOST_LOST_24),
    ):
        for figure, key in (("FER+ plurality", "plurality_lost"), ("CK+ macro F1", "macro_f1_lost")):
            found.append(Target(f"{what}: most lost of {figure}", most, "points", True, _lost(chosen, key)))
    for what, key in (
        ("FER+, where the raters agree, seven emotions", "seven_agreed"),
        ("FER+, plurality, seven emotions", "seven_plurality"),
        ("FER+, attitude", "attitude"),
        ("CK+ peaks, seven emotions", "ckplus_seven_peaks"),
        ("CK+ units, macro F1", "units_macro_f1"),
        ("CK+ units, macro AUROC", "units_macro_auroc"),
    ):
        found.append(Target(f"{what}: lead over the best peer", 0.0, "points", False, _lead(key)))
    return found


def _wild(key: str) -> Callable[[dict[str, Any]], float | None]:
    return lambda report: float(report["ferplus_valid"][key])


def _least_recall(report: dict[str, Any]) -> float | None:
    return float(min(report["ferplus_valid"]["recall"].values()))


def _lost(chosen: Callable[[dict[str, Any]], bool], key: str) -> Callable[[dict[str, Any]], float | None]:
    def value(report: dict[str, Any]) -> float | None:
        losses = [row[key] for row in report.get("slices", {}).get("rows", []) if chosen(row)]
        return max(losses) if losses else None

    return value


def _lead(key: str) -> Callable[[dict[str, Any]], float | None]:
    def value(report: dict[str, Any]) -> float | None:
        rows = report.get("peers", [])
        others = [row[key] for row in rows[1:] if row.get(key) is not None]
        return 100 * float(rows[0][key] - max(others)) if others else None

    return value


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.1%}"
    return f"{value:.1f} points" if unit == "points" else f"{value:.3f}"
