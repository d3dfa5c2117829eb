"""What a search found: a table, `search.json`, `history.png`, and the best values as a recipe."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from models import recipe_write
from models.recipe import Recipe
from models.recipe_table import Plain
from models.search_space import SearchRecipe, with_value

SHOWN = 10
"""Rows of the table."""


@dataclass(frozen=True)
class Tried:
    """One finished trial. value: of the objective, None where it was given up, and why. units, emotions:
    of the last stage it came to. minutes: of its last attempt."""

    number: int
    folder: str
    values: dict[str, Plain]
    value: float | None
    units: float | None
    emotions: float | None
    minutes: float
    given_up: str


@dataclass(frozen=True)
class Result:
    """Every finished trial, first to last. importance: key -> share, {} where it is not computed."""

    objective: str
    trials: list[Tried]
    importance: dict[str, float] = field(default_factory=dict)

    @property
    def finished(self) -> list[Tried]:
        """Those that came to their end, the best one first."""
        ended = [trial for trial in self.trials if trial.value is not None]
        return sorted(ended, key=lambda trial: (-(trial.value or 0.0), trial.number))


def best_of(result: Result) -> Tried | None:
    """The best trial, the earlier one of equals; None if none came to its end."""
    return result.finished[0] if result.finished else None


def best_recipe(result: Result, recipe: Recipe) -> Recipe:
    """The recipe with the values of the best trial and no search."""
    out = replace(recipe, search=SearchRecipe())
    for path, value in result.finished[0].values.items():
        out = with_value(out, path, value)
    return out


def table(result: Result) -> str:
    """The best trials as text."""
    ended = len(result.finished)
    lines = [
        f"{result.objective}: {ended} trials came to their end, {len(result.trials) - ended} were given up"
    ]
    for trial in result.finished[:SHOWN]:
        values = ", ".join(f"{path} {_short(value)}" for path, value in trial.values.items())
        lines.append(
            f"  {trial.folder}: {trial.value:.4f} (units {trial.units:.3f}, emotions {trial.emotions:.3f}), "
            f"{trial.minutes:.1f} min: {values}"
        )
    if result.importance:
        shares = ", ".join(f"{path} {share:.2f}" for path, share in result.importance.items())
        lines.append(f"  importance: {shares}")
    return "\n".join(lines)


def write(result: Result, recipe: Recipe, output: Path) -> None:
    """`search.json`; `best.toml` as soon as a trial has come to its end."""
    best = best_of(result)
    report = {"name": recipe.name, "best": best and best.folder, **asdict(result)}
    recipe_write.replace_text(output / "search.json", json.dumps(report, indent=1) + "\n")
    if best is not None:
        comment = f"{best.folder} of a search by {result.objective}: {best.value:.4f}"
        recipe_write.write(best_recipe(result, recipe), output / "best.toml", comment)


def draw_history(result: Result, path: Path) -> None:
    """The value of each trial and the best so far; trials that were given up stand at the bottom."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    ended = sorted(result.finished, key=lambda trial: trial.number)
    values = [trial.value or 0.0 for trial in ended]
    numbers = [trial.number for trial in ended]
    axes.plot(numbers, values, "o", label="trial")
    axes.step(numbers, [max(values[: i + 1]) for i in range(len(values))], where="post", label="best so far")
    given_up = [trial.number for trial in result.trials if trial.value is None]
    axes.plot(given_up, [min(values, default=0.0)] * len(given_up), "x", color="grey", label="given up")
    axes.set_xlabel("trial")
    axes.set_ylabel(result.objective)
    axes.legend()
    figure.savefig(path, dpi=120)


def _short(value: Plain) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
