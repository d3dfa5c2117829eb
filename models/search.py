"""Hyper-parameter search: trials of a recipe with other values, kept in a database that outlives a kill.

What to try next is suggested by a tree-structured Parzen estimator (Bergstra et al. 2011); trials that
fall behind the median of the others at a stage's end are given up.
"""

from __future__ import annotations

import fcntl
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from models.checkpoint import DivergedError, TrainingError
from models.data.readers import cause
from models.recipe import Recipe
from models.recipe_rules import training_faults
from models.recipe_table import Plain
from models.search_report import Result, Tried, best_of, draw_history, write
from models.search_space import SearchRecipe, value_at, with_value
from models.search_trial import Trials, delete_big_files
from models.train import Start

log = logging.getLogger(__name__)

RANDOM_TRIALS = 5
"""So many are drawn at random before the estimator suggests, and before any is given up."""
ATTEMPTS = 3
"""A trial that so many processes did not survive is given up."""


def search(
    recipe: Recipe,
    folder: Path,
    output: Path,
    start: Start,
    workers: int | None,
    trials: int | None = None,
    hours: float | None = None,
) -> Result:
    """Run trials until the recipe's number of them is finished; what a former call did is gone on with.

    output receives `study.db`, a folder per trial and, after each one, `search.json` and `best.toml`; at the
    end `history.png` as well. trials: instead of the recipe's number. hours: no trial begins later than so
    long after the call. Raises TrainingError if the recipe varies nothing, or output is another search's.
    """
    if not recipe.search.space:
        raise TrainingError(
            f'the recipe "{recipe.name}" varies nothing: add [search.space] to it (docs/training.md)'
        )
    until = time.monotonic() + 3600 * hours if hours is not None else float("inf")
    wanted = trials or recipe.search.trials
    with _alone(output), _study(output / "study.db", recipe) as study:
        made = Trials(recipe, folder, output, start, workers)
        _take_up(study, recipe)
        while len(_done(study)) < wanted and time.monotonic() < until:
            _one(study, recipe, made, output)
            write(_result(study, recipe), recipe, output)
        result = replace(_result(study, recipe), importance=_importance(study, recipe.seed))
    if not result.finished:
        raise TrainingError(f"no trial in {output} came to its end: give more --trials or --hours")
    write(result, recipe, output)
    draw_history(result, output / "history.png")
    return result


def _one(study: Any, recipe: Recipe, made: Trials, output: Path) -> None:
    """Ask for values, train with them, tell what came of it."""
    # By what is finished, not by what ran before: a killed search goes on as if nothing had happened.
    seed = (recipe.seed * 100_003 + len(_done(study))) % 2**31
    study.sampler = optuna.samplers.TPESampler(n_startup_trials=RANDOM_TRIALS, seed=seed)
    trial = study.ask()
    tried = suggest(trial, recipe)
    # Not by the study's number: that one counts attempts, and another attempt goes on in the same folder.
    name = f"trial-{len(_done(study)):04d}"
    trial.set_user_attr("folder", name)
    trial.set_user_attr("attempt", trial.user_attrs.get("attempt", 1))
    log.info("%s: %s", name, trial.params)
    begun = time.monotonic()
    state, told, last = TrialState.COMPLETE, "", None
    faults = training_faults(tried)
    if faults:
        state, told = TrialState.PRUNED, "; ".join(faults)
    else:
        try:
            for number, last in made.run(tried, output / name):
                trial.report(last.value(recipe.search.objective), number)
                trial.set_user_attr("units", last.units)
                trial.set_user_attr("emotions", last.emotions)
                if trial.should_prune():
                    state, told = TrialState.PRUNED, f"behind the others after stage {number + 1}"
                    break
        except DivergedError as error:
            state, told = TrialState.PRUNED, str(error)
    trial.set_user_attr("minutes", round((time.monotonic() - begun) / 60, 2))
    trial.set_user_attr("given_up", told)
    if state == TrialState.COMPLETE and last is not None:
        study.tell(trial, last.value(recipe.search.objective))
    else:
        study.tell(trial, state=state)
    log.info("%s: %s", name, told or last)
    best = best_of(_result(study, recipe))
    for other in _done(study):
        folder = other.user_attrs.get("folder")
        if folder and (best is None or folder != best.folder):
            delete_big_files(output / folder)


def suggest(trial: Any, recipe: Recipe) -> Recipe:
    """The recipe with the values of a trial."""
    tried = replace(recipe, search=SearchRecipe())
    for path, span in recipe.search.space.items():
        now = value_at(recipe, path)
        value: Plain
        if span.choices:
            value = trial.suggest_categorical(path, [type(now)(choice) for choice in span.choices])
        elif isinstance(now, int):
            value = trial.suggest_int(path, int(span.low), int(span.high), log=span.log)
        else:
            value = trial.suggest_float(path, span.low, span.high, log=span.log)
        tried = with_value(tried, path, value)
    return tried


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Two processes would take each other's running trial for one that was killed."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        stream = (output / "search.lock").open("w")
    except OSError as error:
        raise TrainingError(
            f"{output} cannot be made a folder ({error.strerror}): give another --output"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(f"another search is at work in {output}: give another --output") from error
        yield


@contextmanager
def _study(path: Path, recipe: Recipe) -> Iterator[Any]:
    """The study in a database, which belongs to one recipe and space."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path.resolve()}")
        study = optuna.create_study(
            study_name="search",
            storage=storage,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=RANDOM_TRIALS),
        )
        own = json.loads(json.dumps(asdict(recipe)))
        del own["search"]["trials"]  # more of them may be asked for later
        if study.user_attrs.get("recipe", own) != own:
            raise TrainingError(
                f"{path} belongs to another recipe or another space: give another --output, or delete it"
            )
        study.set_user_attr("recipe", own)
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise TrainingError(f"{path} cannot be used ({cause(error)}): delete it to begin anew") from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def _take_up(study: Any, recipe: Recipe) -> None:
    """What was running when a process died is tried again; the first trial is the recipe as it stands."""
    if not study.trials:
        own = {path: value_at(recipe, path) for path in recipe.search.space}
        if all(span.holds(own[path]) for path, span in recipe.search.space.items()):
            study.enqueue_trial(own)
        else:
            log.info("the recipe's own values lie outside its space: they are not tried")
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        attempt = int(trial.user_attrs.get("attempt", 1))
        whole = len(trial.params) == len(recipe.search.space)
        values = trial.params if whole else trial.system_attrs.get("fixed_params")
        if attempt >= ATTEMPTS:
            log.warning("trial %d did not end in %d attempts and is given up", trial.number, attempt)
            study.tell(trial.number, state=TrialState.PRUNED)
            continue
        study.tell(trial.number, state=TrialState.FAIL)
        if values:
            study.enqueue_trial(values, user_attrs={"attempt": attempt + 1})


def _done(study: Any) -> list[Any]:
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return list(study.get_trials(deepcopy=False, states=states))


def _result(study: Any, recipe: Recipe) -> Result:
    done = _done(study)
    tried = [
        Tried(
            trial.number,
            trial.user_attrs.get("folder", ""),
            dict(trial.params),
            trial.value if trial.state == TrialState.COMPLETE else None,
            trial.user_attrs.get("units"),
            trial.user_attrs.get("emotions"),
            trial.user_attrs.get("minutes", 0.0),
            trial.user_attrs.get("given_up", ""),
        )
        for trial in done
    ]
    return Result(recipe.search.objective, tried)


def _importance(study: Any, seed: int) -> dict[str, float]:
    """Share of each key in the spread of the values, by fANOVA (Hutter et al. 2014); {} if too few."""
    values = [t.value for t in _done(study) if t.state == TrialState.COMPLETE]
    if len(values) <= RANDOM_TRIALS or len(set(values)) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
