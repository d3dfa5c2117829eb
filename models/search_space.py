"""What a search may vary, and which value of a recipe each of its keys means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

from models.recipe_table import Plain

OBJECTIVES = ("units_and_emotions", "units", "emotions")
FIXED = (
    *("name", "version", "seed", "start", "shared_stages"),
    *("data.test_folds", "data.calibration_folds", "search"),
)
"""Keys that do not vary: luck is no setting, and with other people the figures would not compare."""


@dataclass(frozen=True)
class Span:
    """The values of one key: from low to high, evenly or evenly on a logarithmic scale; or the choices."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: list[Plain] = field(default_factory=list)

    def ends(self) -> list[Plain]:
        """The values between which, or among which, all others lie."""
        return self.choices or [self.low, self.high]

    def holds(self, value: Plain) -> bool:
        """Whether a search may come upon this value."""
        if self.choices:
            return value in self.choices
        return not isinstance(value, str) and self.low <= value <= self.high


@dataclass(frozen=True)
class SearchRecipe:
    """What `facecue train search` varies: so many trials, and a span for each key, by its path.

    A path is written as in faults: "dropout", "optimiser.weight_decay", "stage[1].learning_rate",
    "data.draw.ckplus"; a head is found by its name, too: "head.emotions.balance".
    """

    trials: int = 20
    objective: str = "units_and_emotions"
    space: dict[str, Span] = field(default_factory=dict)


def value_at(recipe: Any, path: str) -> Plain:
    """What a recipe says at a path. Raises KeyError if there is no such number, word or text."""
    found = recipe
    for step in steps(path):
        found = _below(found, step)
    if isinstance(found, bool) or not isinstance(found, (float, int, str)):
        raise KeyError(path)
    return found


def with_value(recipe: Any, path: str, value: Plain) -> Any:
    """The same recipe with another value at a path that exists."""
    return _changed(recipe, list(steps(path)), value)


def faults_of(recipe: Any, check: Callable[[Any], list[str]]) -> list[str]:
    """A fault for every key with which a search could not run or would not mean what it says.

    check: the faults of a recipe that is tried, without those of its search.
    """
    search: SearchRecipe = recipe.search
    faults = []
    if search.trials < 1:
        faults.append(f"search.trials: {search.trials} is not 1 or more")
    if search.objective not in OBJECTIVES:
        faults.append(f"search.objective: {search.objective!r} is not one of {', '.join(OBJECTIVES)}")
    for path, span in search.space.items():
        faults += [f"search.space.{path}: {fault}" for fault in _key_faults(recipe, path, span, check)]
    return faults


def _key_faults(recipe: Any, path: str, span: Span, check: Callable[[Any], list[str]]) -> Iterator[str]:
    try:
        now = value_at(recipe, path)
    except KeyError:
        yield "no number or text of the recipe is there (a key that varies must be written or have a default)"
        return
    if any(f"{path}.".replace("[", ".").startswith(f"{fixed}.") for fixed in FIXED):
        yield "must not vary, or the trials could not be compared"
        return
    fault = _span_fault(span, now)
    if fault:
        yield fault
        return
    for value in span.ends():
        for wrong in check(with_value(recipe, path, _like(now, value))):
            yield f"{value!r} makes a recipe that is wrong ({wrong})"


def _span_fault(span: Span, now: Plain) -> str:
    if span.choices and span != Span(choices=span.choices):
        return "give low and high, or choices, not both"
    if span.choices:
        odd = [value for value in span.choices if not _fits(now, value)]
        return f"{odd[0]!r} is not what stands there now, {now!r}, could be" if odd else ""
    if span == Span(log=span.log):
        return "nothing to choose from: give low and high, or choices that are not empty"
    if isinstance(now, str):
        return "a text has no low and high: give choices"
    if not span.low < span.high:
        return f"low, {span.low!r}, is not below high, {span.high!r}"
    if span.log and span.low <= 0:
        return f"low, {span.low!r}, is not above 0, where log wants it"
    if isinstance(now, int) and not (span.low.is_integer() and span.high.is_integer()):
        return "low and high are not whole numbers"
    return ""


def _fits(now: Plain, value: Plain) -> bool:
    if isinstance(now, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(now)


def _like(now: Plain, value: Plain) -> Plain:
    return type(now)(value)


def steps(path: str) -> Iterator[str]:
    """ "stage[1].draw.lfw" -> "stage", "1", "draw", "lfw"."""
    for part in path.split("."):
        match = re.fullmatch(r"(\w+)((?:\[\d+\])*)", part)
        if not match:
            raise KeyError(path)
        yield match[1]
        yield from re.findall(r"\d+", match[2])


def _below(found: Any, step: str) -> Any:
    if isinstance(found, dict):
        return found[step]
    if isinstance(found, list):
        return found[_row(found, step)]
    if is_dataclass(found) and hasattr(found, step) and not callable(getattr(found, step)):
        return getattr(found, step)
    raise KeyError(step)


def _changed(found: Any, way: list[str], value: Plain) -> Any:
    if not way:
        return _like(found, value)
    step, rest = way[0], way[1:]
    inner = _changed(_below(found, step), rest, value)
    if isinstance(found, dict):
        return {**found, step: inner}
    if isinstance(found, list):
        row = _row(found, step)
        return [*found[:row], inner, *found[row + 1 :]]
    return replace(found, **{step: inner})


def _row(rows: list[Any], step: str) -> int:
    """By number, or by the name of a head."""
    if step.isdecimal() and int(step) < len(rows):
        return int(step)
    for number, row in enumerate(rows):
        if getattr(row, "name", None) == step:
            return number
    raise KeyError(step)
