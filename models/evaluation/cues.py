"""A judge of cues: clips are replayed, and what is said is held against what a person sees."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge import wiring
from edge.backends.base import Backend
from edge.cues.catalogue import (
    ATTITUDE_PHRASES,
    EMOTION_PHRASES,
    MOVEMENT_PHRASES,
    PRESENCE_PHRASES,
    TALKING_PHRASES,
)
from edge.model_folder import ModelFolder
from edge.settings import LEVELS, Settings
from edge.sources.open import open_source
from edge.stopwatch import Stopwatch
from edge.types import Cue
from models.evaluation.cue_truth import ClipTruth, Span

WITHIN_SECONDS = 1.2
"""A change that is said later than this is a missed one."""
LINGER_SECONDS = 1.2
"""What has just ended may still be said for so long: nobody sees the end of a thing at once."""
MAYBE = "maybe_"
JUDGED = ("person", "no_face", "cue")
"""Kinds of cues that speak of somebody; hints and words about the device are counted, not judged."""


@dataclass
class Heard:
    """What was said in one clip, and how long nothing could be said.

    abstained: reason -> seconds in which a face was there and was not spoken of for it.
    """

    seconds: float = 0.0
    face_seconds: float = 0.0
    cues: list[Cue] = field(default_factory=list)
    abstained: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass(frozen=True)
class Verdict:
    """One clip's cues, judged. delays: seconds from a change to its first cue, of those that were said.

    false: cues of nothing to be seen, or of what was said already. missed: changes not said in time.
    """

    clip: str
    heard: Heard
    false: list[str]
    missed: list[str]
    changes: int
    delays: list[float]

    def figures(self) -> dict[str, Any]:
        return _figures(self.clip, [self])


def replayed(clip: Path, settings: Settings, folder: ModelFolder, device: Backend) -> Heard:
    """Every frame through a new pipeline, on the clip's own clock. Raises SourceError, BackendError."""
    pipeline = wiring.pipeline(settings, folder, device, Stopwatch())
    reader = open_source(settings.source, str(clip))
    heard, before, step_seconds = Heard(), None, 0.0
    try:
        while (frame := reader.read()) is not None:
            if before is not None:
                step_seconds = frame.captured_at - before
            before = frame.captured_at
            step = pipeline.step(frame, frame.captured_at)
            heard.cues += step.cues
            heard.seconds += step_seconds
            if step.faces:
                heard.face_seconds += step_seconds
                if step.abstains:
                    heard.abstained[step.abstains] += step_seconds
    finally:
        reader.close()
    heard.seconds += step_seconds  # the last picture stands as long as the one before it
    return heard


def sayable(levels: Sequence[str]) -> frozenset[str]:
    """The labels that a cue can have at these levels, as in cues.levels; the finer of two names counts."""
    labels = {*PRESENCE_PHRASES, *TALKING_PHRASES}
    if "movements" in levels:
        labels |= set(MOVEMENT_PHRASES)
    if "emotion" in levels:
        labels |= set(EMOTION_PHRASES)
    elif "attitude" in levels:
        labels |= set(ATTITUDE_PHRASES)
    return frozenset(labels)


def judged(truth: ClipTruth, heard: Heard, levels: Sequence[str] = LEVELS) -> Verdict:
    """The cues of one clip against its truth; changes that no cue of these levels can tell are none.

    A cue is right if a span of its label holds it, and that span has not been spoken of with this
    label before; of several the one that began last counts.
    """
    said: dict[tuple[int, str], float] = {}
    false = []
    for cue in heard.cues:
        if cue.kind not in JUDGED:
            continue
        for label in labels_of(cue):
            fitting = [
                (span.begin, number)
                for number, span in enumerate(truth.spans)
                if label in span.labels and span.begin <= cue.created_at <= span.end + LINGER_SECONDS
            ]
            open_ = [number for _, number in sorted(fitting, reverse=True) if (number, label) not in said]
            # Where two spans of one label hold the moment, both have been spoken of.
            for number in open_:
                said[number, label] = cue.created_at
            if not open_:
                false.append(f"{cue.created_at:.2f} s {label}{' again' if fitting else ''}")
    missed: list[str] = []
    delays: list[float] = []
    can = sayable(levels)
    changes = [(number, span) for number, span in enumerate(truth.spans) if span.must and span.labels & can]
    for number, span in changes:
        first = min((at for (i, _), at in said.items() if i == number), default=math.inf)
        delay = max(0.0, first - span.clear)
        if math.isfinite(delay):
            delays.append(delay)
        if delay > WITHIN_SECONDS:
            late = f", said {delay:.2f} s late" if math.isfinite(delay) else ""
            missed.append(f"{span.clear:.2f} s {_words(span)}{late}")
    return Verdict(truth.file, heard, false, missed, len(changes), delays)


def labels_of(cue: Cue) -> list[str]:
    """What a cue speaks of, whatever the language and however sure."""
    keys: Iterable[str] = cue.phrases or (cue.label,)
    return [key[len(MAYBE) :] if key.startswith(MAYBE) else key for key in keys]


def report(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Plain data: a row of figures for every clip, and one for all of them together."""
    return {
        "within_seconds": WITHIN_SECONDS,
        "clips": [verdict.figures() for verdict in verdicts],
        "all": _figures("all", verdicts),
    }


def table(found: dict[str, Any]) -> str:
    """The report for a terminal."""
    lines = [
        f"{'clip':34}{'seconds':>8}{'changes':>8}{'missed':>7}{'false':>6}{'/min':>6}{'p50':>6}{'p95':>6}"
        f"{'abstains':>9}{'words/min':>10}"
    ]
    for row in [*found["clips"], found["all"]]:
        lines.append(
            f"{row['clip'][:33]:34}{row['seconds']:8.1f}{row['changes']:8}{len(row['missed']):7}"
            f"{len(row['false']):6}{row['false_per_minute']:6.1f}{_seconds(row['delay_p50'])}"
            f"{_seconds(row['delay_p95'])}{row['abstaining']:9.0%}{row['words_per_minute']:10.0f}"
        )
    for row in found["clips"]:
        lines += [f"{row['clip']}: said {'; '.join(row['said']) or 'nothing'}"]
        lines += [f"{row['clip']}: false: {fault}" for fault in row["false"]]
        lines += [f"{row['clip']}: missed: {fault}" for fault in row["missed"]]
        reasons = ", ".join(f"{reason} {share:.0%}" for reason, share in row["abstaining_by_reason"].items())
        lines += [f"{row['clip']}: abstained: {reasons}"] if reasons else []
    return "\n".join(lines)


def _figures(name: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    heard = [verdict.heard for verdict in verdicts]
    minutes = sum(h.seconds for h in heard) / 60.0
    faces = sum(h.face_seconds for h in heard)
    reasons: defaultdict[str, float] = defaultdict(float)
    for reason, seconds in (item for h in heard for item in h.abstained.items()):
        reasons[reason] += seconds
    delays = [delay for verdict in verdicts for delay in verdict.delays]
    many = len(verdicts) > 1
    false = [f"{v.clip} {fault}" if many else fault for v in verdicts for fault in v.false]
    missed = [f"{v.clip} {fault}" if many else fault for v in verdicts for fault in v.missed]
    spoken = [cue for h in heard for cue in h.cues]
    words = sum(len(cue.text.split()) for cue in spoken)
    return {
        "clip": name,
        "seconds": round(minutes * 60.0, 3),
        "changes": sum(verdict.changes for verdict in verdicts),
        "missed": missed,
        "false": false,
        "false_per_minute": round(len(false) / minutes, 2) if minutes > 0 else 0.0,
        "delay_p50": round(float(np.percentile(delays, 50)), 3) if delays else None,
        "delay_p95": round(float(np.percentile(delays, 95)), 3) if delays else None,
        "abstaining": round(sum(reasons.values()) / faces, 4) if faces > 0 else 0.0,
        "abstaining_by_reason": {k: round(v / faces, 4) for k, v in sorted(reasons.items()) if faces > 0},
        "words_per_minute": round(words / minutes, 1) if minutes > 0 else 0.0,
        "said": [f"{cue.created_at:.2f} s {cue.text}" for cue in spoken],
    }


def _words(span: Span) -> str:
    return " or ".join(sorted(span.labels))


def _seconds(value: float | None) -> str:
    return f"{'-':>6}" if value is None else f"{value:6.2f}"
