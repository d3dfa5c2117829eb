"""What the heavy commands share: their libraries may be missing, and one word may choose an action."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.errors import SettingsError


def needs(extra: str, work: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command, with one clear sentence where its libraries are not installed."""

    def run(args: argparse.Namespace) -> int:
        try:
            return work(args)
        except ModuleNotFoundError as error:
            raise SettingsError(
                [f"{error.name} is not installed: this command needs pip install 'facecue[{extra}]'"]
            ) from error

    return run


@dataclass(frozen=True)
class Action:
    """One of the things a command does: `facecue train label ...`."""

    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class _DefaultAction(argparse._SubParsersAction):  # type: ignore[type-arg]
    """Words that choose an action; any other first word belongs to the action named by `default`."""

    default_action = ""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if values[0] not in self._name_parser_map:
            values = [self.default_action, *values]
        super().__call__(parser, namespace, values, option_string)


def add_actions(parser: argparse.ArgumentParser, actions: Mapping[str, Action], default: str) -> None:
    """Let the first word choose among `actions`; where it is none of them, `default` is meant."""
    found = parser.add_subparsers(
        dest="action", required=True, action=_DefaultAction, metavar=f"[{'|'.join(actions)}] ..."
    )
    assert isinstance(found, _DefaultAction)
    found.default_action = default
    for name, action in actions.items():
        sub = found.add_parser(name, help=action.summary, description=action.summary)
        action.configure(sub)
        sub.set_defaults(action_run=action.run)
    # Any word may come first, a recipe's path for example.
    found.choices = None  # type: ignore[assignment]


def run_action(args: argparse.Namespace) -> int:
    """The action that was chosen."""
    status: int = args.action_run(args)
    return status
