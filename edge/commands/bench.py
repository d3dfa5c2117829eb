"""`facecue bench`: frames per second, the share of every stage, peak memory; with --speech, the delay."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge import speech_latency, wiring
from edge.action_units import ActionUnitNet
from edge.clips import DEMO_CLIP
from edge.commands.base import Command, add_config, changed, load_settings
from edge.session import Session
from edge.settings import Settings
from edge.side_by_side import side_by_side
from edge.sources.naming import shown

STAGES = ("source", "faces", "crop", "action units", "emotion", "cues", "frame")


def _configure(parser: argparse.ArgumentParser) -> None:
    # No Path yet: it would make one slash of the two in an address, and its password be shown.
    parser.add_argument("--source", metavar="CLIP", default=str(DEMO_CLIP), help="clip to replay")
    parser.add_argument(
        "--against",
        metavar="NAME_OR_FOLDER",
        help="only time the net against this one, face by face in turn",
    )
    parser.add_argument(
        "--speech",
        action="store_true",
        help="instead: the delay from a captured frame to the first sample of speech, nothing left out",
    )
    parser.add_argument(
        "--seconds", type=_positive, metavar="S", default=120.0, help="of --speech (default: 120)"
    )
    parser.add_argument(
        "--fps", type=_positive, metavar="N", default=10.0, help="pictures a second of --speech (default: 10)"
    )
    add_config(parser)


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 3600.0:
        raise ValueError
    return value


def _run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if args.against is not None:
        return _against(settings, args)
    settings = replace(
        settings,
        source=changed(settings.source, {"uri": args.source}),
        speech=replace(settings.speech, enabled=False),
        mqtt=replace(settings.mqtt, host=""),
    )
    if args.speech:
        # The broker is part of everything, where there is one.
        return _speech(replace(load_settings(args), source=settings.source), args.seconds, args.fps)
    session = Session(settings, replay=True)
    session.run(
        lambda folder, device: print(f"{folder.card.name} {folder.precision} on {device.description}")
    )
    if not session.frames:
        print("the clip has no frames", file=sys.stderr)
        return 1
    rate = session.frames / session.seconds
    print(f"{session.frames} frames of {shown(Path(args.source).name)}: {rate:.1f} frames per second")
    print(f"{'stage':14s} {'p50 ms':>8s} {'p95 ms':>8s} {'share':>7s} {'calls':>7s}")
    whole = sum(session.stopwatch.seconds["frame"]) + sum(session.stopwatch.seconds["source"])
    for name in STAGES:
        seconds = np.array(session.stopwatch.seconds.get(name, []))
        if len(seconds):
            p50, p95 = np.percentile(seconds * 1000, [50, 95])
            print(f"{name:14s} {p50:8.2f} {p95:8.2f} {seconds.sum() / whole:7.1%} {len(seconds):7d}")
    print('"frame" is the sum of the stages between the source and the cues')
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


def _speech(settings: Settings, seconds: float, frames_per_second: float) -> int:
    report = speech_latency.measure(settings, seconds, frames_per_second)
    print(report.model)
    print(
        f"{report.frames} frames in {report.seconds:.0f} s ({report.frames / report.seconds:.1f} a second); "
        f"{len(report.spoken)} cues heard, {len(report.free)} of them found the voice free"
    )
    if not report.free:
        print("nothing was said that could be measured; take a longer --seconds or another --source")
        return 1
    print(f"{'stage':18s} {'p50 ms':>8s} {'p95 ms':>8s} {'share':>7s}")
    for name in speech_latency.ORDER:
        p50, p95 = report.stage_ms(name)
        print(f"{name:18s} {p50:8.1f} {p95:8.1f} {report.share(name):7.1%}")
    for words, waited_too in (
        ("captured frame to first sample", False),
        ("with waiting for other cues", True),
    ):
        p50, p95 = report.percentiles_ms(waited_too)
        print(f"{words}: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    print(f"load of the machine: {', '.join(f'{each:.1f}' for each in os.getloadavg())}")
    return 0


def _against(settings: Settings, args: argparse.Namespace) -> int:
    with ExitStack() as stack:
        nets, names = [], []
        for chosen in (settings, load_settings(argparse.Namespace(**{**vars(args), "model": args.against}))):
            folder, device = wiring.loaded(chosen.model, wiring.model(chosen.model))
            stack.callback(device.close)
            nets.append(ActionUnitNet(device, folder.card))
            names.append(f"{folder.card.name} {folder.precision}")
            crops = folder.golden().crops
        found = side_by_side(nets[0], nets[1], crops)
    for name, seconds in zip(names, (found.first, found.second)):
        print(f"{name:20s} {seconds * 1000:8.2f} ms a face (median of {len(crops)} faces in turn)")
    print(f"{names[1]} takes {found.ratio:.2f} times as long as {names[0]}")
    return 0


COMMAND = Command("bench", "frames per second, time per stage, peak memory", _configure, _run)
