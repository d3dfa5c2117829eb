"""`facecue demo`: the whole path on a bundled clip, seen and heard."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from edge.clips import DEMO_CLIP
from edge.commands.base import Command, add_config, changed, load_settings
from edge.commands.run import add_cues, apply_cues
from edge.console import ConsoleSink
from edge.demo_view import DemoView
from edge.fanout import FanOut
from edge.pipeline import Step
from edge.recording import Recording
from edge.session import Session
from edge.sources.open import is_live
from edge.types import Frame

LEVELS = "movements,emotion"
"""An actor's clip may be named; on a device naming emotions is the user's own choice."""
WAV = "facecue-demo.wav"


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", metavar="URI", default=str(DEMO_CLIP), help="another clip, or a camera")
    parser.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="annotated video (.mp4, .avi) or contact sheet (.png, .jpg): this writes pictures to disk",
    )
    parser.add_argument("--fast", action="store_true", help="do not wait for the clip's own speed")
    parser.add_argument("--plain", action="store_true", help="lines of text instead of the live view")
    add_cues(parser)
    add_config(parser)


def _run(args: argparse.Namespace) -> int:
    if args.levels is None and args.source == str(DEMO_CLIP):
        args.levels = LEVELS
    settings = apply_cues(load_settings(args), args)
    settings = replace(
        settings,
        source=changed(settings.source, {"uri": args.source}),
        # An actor's face is no news for the user's phone.
        mqtt=replace(settings.mqtt, host=""),
    )
    replay = args.fast and not is_live(args.source)
    wav = Path(args.wav) if args.wav else _writable(WAV)
    before = _changed_at(wav)
    if replay and settings.speech.enabled:
        settings = replace(settings, speech=replace(settings.speech, wav=str(wav)))
    with ExitStack() as stack:
        recording = stack.enter_context(Recording(args.save)) if args.save else None
        if args.save:
            print(f"--save was given: pictures of this clip are written to {args.save}")
        session = Session(settings, replay, fallback_wav=wav)
        view = None
        if sys.stdout.isatty() and not args.plain:
            view = stack.enter_context(DemoView(session.stopwatch))
            session.sinks = [view]
        else:
            session.sinks = [ConsoleSink(sys.stdout)]

        def watch(frame: Frame, step: Step) -> None:
            if view is not None:
                view.show(frame, step)
            if recording is not None:
                recording.add(frame, step)

        session.watch = watch
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: session.stop.set())
        ready = view.ready if view is not None else None
        fan_out = session.run(ready)
    _summary(session, fan_out, wav if _changed_at(wav) != before else None, recording)
    return 0


def _summary(session: Session, fan_out: FanOut, wav: Path | None, recording: Recording | None) -> None:
    print(f"\n{session.frames} frames read in {session.seconds:.1f} s, {len(fan_out.sent)} cues:")
    for cue in fan_out.sent:
        print(f"{cue.created_at:8.1f} s  {cue.text}")
    for fault in dict.fromkeys(session.faults):
        print(f"note: {fault}")
    if wav is not None:
        asked = bool(session.settings.speech.wav)
        print(f"speech: {wav}" if asked else f"No sound was played: the speech is in {wav}")
    if recording is not None:
        print(f"pictures: {recording.path}")


def _writable(name: str) -> Path:
    """Here, or in a new folder for temporary files where this one is read-only."""
    path = Path.cwd() / name
    if os.access(path if path.exists() else path.parent, os.W_OK):
        return path
    return Path(tempfile.mkdtemp(prefix="facecue-")) / name


def _changed_at(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


COMMAND = Command("demo", "play a bundled clip: watch the faces read, hear the cues", _configure, _run)
