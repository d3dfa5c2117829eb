"""The way of a frame, as one sentence: faces, tracking, action units, smoothing, emotion, cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge import quality
from edge.action_units import ActionUnitNet
from edge.cues import aiming
from edge.cues.covered import Covered
from edge.cues.director import CueDirector
from edge.cues.movements import NEEDED_UNITS
from edge.cues.talking import Talking
from edge.emotions import EmotionStage
from edge.errors import ModelError
from edge.faces import FaceFinder
from edge.neutral import NeutralLearner
from edge.settings import CueSettings, FacesSettings
from edge.smoothing import Smoother
from edge.stopwatch import Stopwatch
from edge.tracking import Tracker
from edge.types import UNSURE, Cue, Face, Frame, Reading

COVERED = "covered"


@dataclass(frozen=True, eq=False)
class Step:
    """What one frame led to. reading: of the attended face, None where there is none.

    abstains: why nothing may be said of the attended face now, or, where it is "covered", of its mouth
    and of what it looks like as a whole; empty where everything may.
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
        self._talking = Talking(settings)
        self._covered = Covered(settings)
        self._director = CueDirector(settings)
        self._settings = settings
        self._stopwatch = stopwatch

    def set_cues(self, settings: CueSettings) -> None:
        """All of [cues] but neutral_seconds, from the next frame on; who is there stays known.

        Raises ModelError as the constructor does, and changes nothing then.
        """
        if "movements" in settings.levels:
            _check_units(self._net)
        self._tracker.forget_seconds = settings.absent_seconds
        self._smoother = Smoother(settings.smoothing_seconds, settings.absent_seconds)
        self._talking = Talking(settings)
        self._covered = Covered(settings)
        self._director = CueDirector(settings, before=self._director)
        self._settings = settings

    def set_faces(self, settings: FacesSettings) -> None:
        """How faces are found, from the next frame on."""
        self._finder = FaceFinder(settings)

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
        self._director.reset_neutral()

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
        height, width = frame.image.shape[:2]
        face = self._tracker.attended(faces, width)
        reading = self._read(frame, face) if face is not None else None
        with self._stopwatch.stage("cues"):
            cues = self._director.update(face, reading, width, now, len(faces), height)
        abstains = ""
        if face is not None:
            abstains = UNSURE if reading is None else reading.unreadable or COVERED * reading.covered
        return Step(faces, reading, cues, abstains)

    def _read(self, frame: Frame, face: Face) -> Reading | None:
        with self._stopwatch.stage("crop"):
            try:
                crop = self._net.crop_of(frame, face)
            except ValueError:
                return None  # landmarks that coincide: a face seen, but not one to read
        with self._stopwatch.stage("action units"):
            logits = self._net.of_crop(crop)
        covered = self._covered.update(crop, face.track, frame.captured_at)
        talking = self._talking.update(
            dict(zip(self._net.names, map(float, logits))), face.track, frame.captured_at
        )
        with self._stopwatch.stage("emotion"):
            smooth = self._smoother.update(logits, face.track, frame.captured_at)
            units = self._net.named(smooth)
            grade = quality.graded(face, crop)
            unreadable = self._unreadable(face, grade, frame)
            neutral = self._neutrals.update(
                smooth, face.track, 0.0 if unreadable or covered else grade.value, frame.captured_at
            )
            emotion, attitude = self._emotions.read(units, neutral)
        return Reading(
            face,
            units,
            emotion,
            attitude,
            grade.value,
            frame.captured_at,
            self._neutrals.known(face.track),
            talking,
            covered,
            unreadable,
        )

    def _unreadable(self, face: Face, grade: quality.Grade, frame: Frame) -> str:
        """Why the face should not be read, as a key of the catalogue."""
        height, width = frame.image.shape[:2]
        if cut := aiming.cut_off(face.box, width, height):
            return cut
        if min(face.box.width, face.box.height) < self._settings.least_face_pixels:
            return "too_far"
        return grade.reason if grade.value < self._settings.least_quality else ""


def _check_units(net: ActionUnitNet) -> None:
    lacking = [unit for unit in NEEDED_UNITS if unit not in net.names]
    if lacking:
        raise ModelError(
            f"the model {net.model} lacks {', '.join(lacking)}, which the movements need: "
            "choose another in model.folder, or take movements out of cues.levels"
        )
