"""What a subcommand is, and options that several share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge import model_choice
from edge import settings as settings_module
from edge.backends import runtimes
from edge.card import ARTEFACTS
from edge.settings import Settings

SYSTEM_FILE = Path("/etc/facecue/facecue.toml")


@dataclass(frozen=True)
class Command:
    """A subcommand: `run` gets the parsed arguments and returns the exit status."""

    name: str
    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add_config(parser: argparse.ArgumentParser) -> None:
    """--config, --model, --device, --runtime, --precision."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"settings; else $FACECUE_CONFIG, else {SYSTEM_FILE} where it exists",
    )
    parser.add_argument(
        "--model",
        metavar="NAME_OR_FOLDER",
        help="released model, or folder of one (default: the released one that suits the device)",
    )
    parser.add_argument("--device", metavar="NAME", help="OpenVINO device, or auto (default: auto)")
    parser.add_argument(
        "--runtime", choices=(runtimes.AUTO, *runtimes.NAMES), help="what runs the net (default: auto)"
    )
    parser.add_argument("--precision", choices=("auto", *ARTEFACTS), help="network of the model")


def config_path(args: argparse.Namespace) -> Path | None:
    """The settings file that counts: the option, the environment's, the system's, or none."""
    if getattr(args, "config", None) is not None:
        return Path(args.config)
    if os.environ.get("FACECUE_CONFIG"):
        return Path(os.environ["FACECUE_CONFIG"])
    return SYSTEM_FILE if SYSTEM_FILE.is_file() else None


def load_settings(args: argparse.Namespace) -> Settings:
    """The settings, with what the command line overrides. Raises SettingsError."""
    settings = settings_module.load(config_path(args))
    changes = {"device": args.device, "runtime": args.runtime, "precision": args.precision}
    if args.model is not None:
        changes.update(model_choice.from_option(args.model))
    return replace(settings, model=changed(settings.model, changes))


def changed(section: Any, values: dict[str, Any]) -> Any:
    """A section with those values that are not None."""
    return replace(section, **{key: value for key, value in values.items() if value is not None})


def installed_version() -> str:
    """Of facecue; "" where it runs without having been installed."""
    try:
        return version("facecue")
    except PackageNotFoundError:
        return ""
