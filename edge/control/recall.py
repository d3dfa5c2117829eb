"""What was seen and said last, for those who ask."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

from edge.cues.catalogue import PHRASES, Catalogue
from edge.cues.movements import MOVEMENTS
from edge.cues.presence import LEFT, RIGHT
from edge.pipeline import Step
from edge.settings import CueSettings
from edge.types import UNSURE, Cue, Face, Frame, Reading

OLD_SECONDS = 30.0
"""What was said longer ago is repeated as "earlier": it may not be so any more."""
STALE_SECONDS = 3.0
"""A picture older than this does not show what is now."""
MOST_TOLD = 3
"""Movements in one answer."""
COUNTS = {2: "two_people", 3: "three_people"}
ENDS = {"camera_found": "camera_lost", "speech_found": "speech_lost", "mqtt_found": "mqtt_lost"}
ENDS["stick_found"] = "stick_lost"
"""Good news -> the trouble that it ends."""
TROUBLES = (*ENDS.values(), "events_lost", "buttons_lost")
FLEETING = "answer"
"""Cues of this kind confirm what was just asked; only those about faces and health are remembered."""


class Recall:
    """Looks at every picture's outcome and hears every cue; an edge.fanout.Outlet.

    see() and the questions belong to the loop's thread, offer() to any.
    """

    name = "recall"

    def __init__(self, settings: CueSettings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._said: Cue | None = None
        self._troubles: dict[str, None] = {}
        self.forget_pictures()

    def forget_pictures(self) -> None:
        """No picture is known any more: the camera was closed."""
        self._picture_at = self._face_at = -math.inf
        self._faces: list[Face] = []
        self._reading: Reading | None = None
        self._abstains = ""
        self._width = 0

    def see(self, frame: Frame, step: Step, now: float) -> None:
        """One picture's outcome; of the picture only the width is kept."""
        self._picture_at = now
        if step.faces:
            self._face_at, self._width = now, frame.image.shape[1]
            self._faces, self._reading, self._abstains = step.faces, step.reading, step.abstains

    def offer(self, cue: Cue) -> None:
        with self._lock:
            if cue.kind != FLEETING:
                self._said = cue
            if cue.kind == "health":
                self._troubles.pop(ENDS.get(cue.label, ""), None)
                if cue.label in TROUBLES:
                    self._troubles[cue.label] = None

    def drain(self, timeout_seconds: float) -> bool:  # noqa: ARG002  nothing is ever waiting
        return True

    def close(self) -> None:
        """Nothing is open."""

    @property
    def troubles(self) -> list[str]:
        """What does not work at present, as keys of the catalogue, oldest first."""
        with self._lock:
            return list(self._troubles)

    def now(self, levels: Sequence[str], now: float) -> list[str]:
        """What is to be seen now, as keys of the catalogue; levels: as in cues.levels."""
        if now - self._picture_at > STALE_SECONDS:
            return ["camera_lost"] if "camera_lost" in self.troubles else ["no_picture"]
        # A face that is missed for a moment has not left.
        if now - self._face_at > self._settings.absent_seconds:
            return ["no_face"]
        face = self._reading.face if self._reading else max(self._faces, key=_area)
        place = face.box.centre[0] / max(self._width, 1)
        there = "person_left" if place < LEFT else "person_right" if place > RIGHT else "person_ahead"
        several = [COUNTS.get(len(self._faces), "many_people")] if len(self._faces) > 1 else []
        return [*several, there, *self._shown(levels)]

    def last(self, now: float) -> tuple[str, tuple[str, ...]] | None:
        """What was said last, in words and as keys; None before the first cue."""
        with self._lock:
            said = self._said
        if said is None:
            return None
        keys = said.phrases or ((said.label,) if said.label in self._catalogue else ())
        if now - said.created_at > OLD_SECONDS:
            return f"{self._catalogue.phrase('earlier')}, {said.text}", ("earlier", *keys)
        return said.text, keys

    def _shown(self, levels: Sequence[str]) -> list[str]:
        """What the face does, or why that cannot be told."""
        reading, settings = self._reading, self._settings
        if self._abstains or reading is None or reading.quality < settings.least_quality:
            return [self._abstains if self._abstains in PHRASES else "unsure"]
        told = []
        if "movements" in levels:
            scores = reading.units.scores
            moving = [key for key, of in MOVEMENTS.items() if of(scores) >= settings.enter]
            told += moving[:MOST_TOLD]
        seen = reading.emotion if "emotion" in levels else reading.attitude
        clear = seen.name != UNSURE and seen.confidence >= settings.named_from
        if clear and not {"attitude", "emotion"}.isdisjoint(levels):
            told.append(seen.name)
        return told or ["unsure"]


def _area(face: Face) -> float:
    return face.box.width * face.box.height
