"""`facecue run`: from a camera, clip or stream to cues."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from edge.commands.base import Command, add_config, changed, load_settings
from edge.console import ConsoleSink
from edge.control.keyboard import keyboard_or_none
from edge.control.keys import summary
from edge.cues.language import LANGUAGES
from edge.errors import SettingsError
from edge.session import Session
from edge.settings import LEVELS, Settings

END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""All that a terminal or the system ends a program with: none may leave the terminal without its echo."""


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
    settings = apply_cues(load_settings(args), args)
    settings = replace(settings, source=changed(settings.source, {"uri": args.source}))
    with ExitStack() as stack:
        events = _open_events(args.events, stack)
        sinks = [] if args.quiet or args.events == "-" else [ConsoleSink(sys.stdout)]
        session = Session(settings, args.replay, events, sinks=sinks)
        for number in END_SIGNALS:
            signal.signal(number, lambda *_: session.stop.set())
        keyboard = None
        if settings.control.keyboard and not args.replay:
            keyboard = keyboard_or_none(sys.stdin, session.control)
        if keyboard is not None:
            stack.callback(keyboard.close)
        session.run()
    return 0


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
