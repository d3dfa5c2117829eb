"""`facecue run`: from a camera, clip or stream to cues."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TextIO

from edge import settings as settings_module
from edge.commands.base import Command, add_config, changed, installed_version, load_settings
from edge.console import ConsoleSink
from edge.control.keyboard import keyboard_or_none
from edge.control.keys import summary
from edge.cues.language import LANGUAGES
from edge.errors import SettingsError
from edge.service.notify import Notifier
from edge.service.pace import Pace
from edge.service.service import Service
from edge.service.start import Start, choose
from edge.service.starts import Starts
from edge.session import Session
from edge.settings import LEVELS, Settings

log = logging.getLogger(__name__)

END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""All that a terminal or the system ends a program with: none may leave the terminal without its echo."""

SWITCHED_OFF = 4
"""Exit status of a service that its user has ended; systemd/facecue.service does not restart it then."""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", metavar="URI", help="camera number, clip, folder of pictures, rtsp:// or http:// address"
    )
    parser.add_argument(
        "--replay", action="store_true", help="every frame of a clip, on its own clock, as fast as it goes"
    )
    parser.add_argument(
        "--events", metavar="FILE", help="one JSON object per cue and line; - for standard output"
    )
    parser.add_argument(
        "--service",
        action="store_true",
        help="as systemd runs it: SIGHUP reads the settings again, and what goes wrong ends in a safe mode",
    )
    parser.add_argument("--quiet", action="store_true", help="no lines on the terminal")
    add_cues(parser)
    add_config(parser)
    parser.epilog = f"Keys, where it is started in a terminal (no Enter): {summary()}."


def add_cues(parser: argparse.ArgumentParser) -> None:
    """--levels, --language, --no-speech, --wav."""
    parser.add_argument("--levels", metavar="LIST", help=f"what is said: any of {','.join(LEVELS)}")
    parser.add_argument("--language", choices=tuple(LANGUAGES), help="language of what is said")
    parser.add_argument("--no-speech", action="store_true", help="say nothing aloud")
    parser.add_argument("--wav", metavar="FILE", help="write the speech to a WAV file instead of playing it")


def apply_cues(settings: Settings, args: argparse.Namespace) -> Settings:
    """The settings with the options of add_cues. Raises SettingsError for an unknown level."""
    levels = None
    if args.levels is not None:
        levels = [part.strip() for part in args.levels.split(",") if part.strip()]
        wrong = [level for level in levels if level not in LEVELS]
        if wrong:
            raise SettingsError([f"--levels: {', '.join(wrong)} is not one of {', '.join(LEVELS)}"])
    return replace(
        settings,
        cues=changed(settings.cues, {"levels": levels, "language": args.language}),
        speech=changed(settings.speech, {"enabled": False if args.no_speech else None, "wav": args.wav}),
    )


def _run(args: argparse.Namespace) -> int:
    load = partial(_settings, args)
    starts = Starts(_state_folder()) if args.service else Starts(None)
    starts.begin()
    start = choose(load, partial(_environment_only, args), starts) if args.service else Start(load())
    settings = start.settings
    with ExitStack() as stack:
        events = _open_events(args.events, stack)
        sinks = [] if args.quiet or args.events == "-" else [ConsoleSink(sys.stdout)]
        session = Session(settings, args.replay, events, sinks=sinks, opening=start.opening, reload=load)
        notifier = Notifier.of(os.environ if args.service else {})
        stack.callback(notifier.close)
        service = Service(notifier, Pace(settings.power), starts, installed_version(), start.safe_mode)
        session.service = service
        # Before "ready" is told: whoever ends it right after is to be obeyed.
        for number in END_SIGNALS:
            signal.signal(number, lambda *_: session.stop.set())
        if args.service:
            signal.signal(signal.SIGHUP, lambda *_: service.want_reload())
        session.stop.wait(starts.pause_seconds)
        if settings.service.status_port and not args.replay:
            _open_status_page(settings.service.status_port, service, args.service, stack)
        keyboard = None
        if settings.control.keyboard and not args.replay:
            keyboard = keyboard_or_none(sys.stdin, session.control)
        if keyboard is not None:
            stack.callback(keyboard.close)
        session.run()
        starts.well()
        # Whoever switches the device off does not want systemd to switch it on again.
        return SWITCHED_OFF if args.service and session.quit else 0


def _settings(args: argparse.Namespace) -> Settings:
    """Those of the file, the environment and the command line. Raises SettingsError."""
    settings = apply_cues(load_settings(args), args)
    return replace(settings, source=changed(settings.source, {"uri": args.source}))


def _environment_only(args: argparse.Namespace) -> Settings:
    """The same without a file. Raises SettingsError."""
    settings = apply_cues(settings_module.load(None), args)
    return replace(settings, source=changed(settings.source, {"uri": args.source}))


def _open_status_page(port: int, service: Service, unattended: bool, stack: ExitStack) -> None:
    """Raises SettingsError where the port is taken, unless nobody is there who could choose another."""
    # A server in Python costs a tenth of the start, and few want it.
    from edge.service.status_page import StatusPage

    try:
        stack.callback(StatusPage(port, service.snapshot).close)
    except SettingsError as error:
        if not unattended:
            raise
        log.error("%s", error)


def _state_folder() -> Path | None:
    """Where systemd lets the service keep something."""
    first = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(first) if first else None


def _open_events(name: str | None, stack: ExitStack) -> TextIO | None:
    if name is None:
        return None
    if name == "-":
        return sys.stdout
    try:
        return stack.enter_context(Path(name).open("w", encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"--events: {name} cannot be written ({error.strerror})"]) from error


COMMAND = Command("run", "say what the face in front is doing", _configure, _run)
