"""The way of a frame, as one sentence: faces, tracking, action units, smoothing, emotion, cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge import quality
from edge.action_units import ActionUnitNet
from edge.cues.director import CueDirector
from edge.cues.movements import NEEDED_UNITS
from edge.emotions import EmotionStage
from edge.errors import ModelError
from edge.faces import FaceFinder
from edge.neutral import NeutralLearner
from edge.settings import CueSettings
from edge.smoothing import Smoother
from edge.stopwatch import Stopwatch
from edge.tracking import Tracker
from edge.types import Cue, Face, Frame, Reading


@dataclass(frozen=True, eq=False)
class Step:
    """What one frame led to. reading: of the attended face, None where there is none.

    abstains: why nothing may be said of the attended face now, empty where something may.
    """

    faces: list[Face]
    reading: Reading | None
    cues: list[Cue]
    abstains: str = ""


class Pipeline:
    """Pure of threads, clocks and I/O: time comes in, cues come out.

    Raises ModelError if movements are to be said and the net does not know the units they need.
    """

    def __init__(
        self,
        finder: FaceFinder,
        net: ActionUnitNet,
        emotions: EmotionStage,
        settings: CueSettings,
        stopwatch: Stopwatch,
    ) -> None:
        if "movements" in settings.levels:
            _check_units(net)
        self._finder = finder
        self._net = net
        self._emotions = emotions
        self._tracker = Tracker(settings.absent_seconds)
        self._smoother = Smoother(settings.smoothing_seconds, settings.absent_seconds)
        self._neutrals = NeutralLearner(
            emotions, settings.neutral_seconds, settings.least_quality, settings.absent_seconds
        )
        self._director = CueDirector(settings)
        self._least_quality = settings.least_quality
        self._stopwatch = stopwatch

    def set_levels(self, levels: Sequence[str]) -> None:
        """As in cues.levels, from the next frame on. Raises ModelError as the constructor does."""
        if "movements" in levels:
            _check_units(self._net)
        self._director.set_levels(levels)

    def set_verbosity(self, verbosity: str) -> None:
        """few, normal or many, from the next frame on."""
        self._director.set_verbosity(verbosity)

    def reset_neutral(self) -> None:
        """Forget every resting face, to be learned anew."""
        self._neutrals.reset()

    def step(self, frame: Frame | None, now: float) -> Step:
        """Advance by one frame. None, no frame at all, leads to nothing: it shows nobody's absence.

        How long there was none, the stages know by the time of the next one.
        """
        if frame is None:
            return Step([], None, [])
        with self._stopwatch.stage("faces"):
            faces = self._finder.find(frame)
        faces = self._tracker.update(faces, now)
        self._neutrals.keep([face.track for face in faces], now)
        face = self._tracker.attended(faces)
        reading = self._read(frame, face) if face is not None else None
        with self._stopwatch.stage("cues"):
            cues = self._director.update(face, reading, frame.image.shape[1], now)
        readable = reading is not None and reading.quality >= self._least_quality
        return Step(faces, reading, cues, "" if readable or face is None else "unreadable")

    def _read(self, frame: Frame, face: Face) -> Reading | None:
        with self._stopwatch.stage("crop"):
            try:
                crop = self._net.crop_of(frame, face)
            except ValueError:
                return None  # landmarks that coincide: a face seen, but not one to read
        with self._stopwatch.stage("action units"):
            logits = self._net.of_crop(crop)
        with self._stopwatch.stage("emotion"):
            smooth = self._smoother.update(logits, face.track, frame.captured_at)
            units = self._net.named(smooth)
            grade = quality.of_face(face, crop)
            neutral = self._neutrals.update(smooth, face.track, grade, frame.captured_at)
            emotion, attitude = self._emotions.read(units, neutral)
        known = self._neutrals.known(face.track)
        return Reading(face, units, emotion, attitude, grade, frame.captured_at, known)


def _check_units(net: ActionUnitNet) -> None:
    lacking = [unit for unit in NEEDED_UNITS if unit not in net.names]
    if lacking:
        raise ModelError(
            f"the model {net.model} lacks {', '.join(lacking)}, which the movements need: "
            "choose another in model.folder, or take movements out of cues.levels"
        )
