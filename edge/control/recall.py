"""What was seen and said last, for those who ask."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

from edge.cues.aiming import aim
from edge.cues.catalogue import PHRASES, Catalogue
from edge.cues.director import IMPLIED
from edge.cues.movements import MOVEMENTS, OF_THE_MOUTH, ONLY_SPEECH, ONLY_SURE
from edge.cues.place import Place
from edge.cues.presence import LEFT, RIGHT
from edge.pipeline import Step
from edge.settings import CueSettings
from edge.types import Attitude, Cue, Emotion, Face, Frame, Reading

OLD_SECONDS = 30.0
"""What was said longer ago is repeated as "earlier": it may not be so any more."""
STALE_SECONDS = 3.0
"""A picture older than this does not show what is now."""
MOST_TOLD = 3
"""Movements in one answer."""
COUNTS = {2: "two_people", 3: "three_people"}
ENDS = {
    **{f"{part}_found": (f"{part}_lost",) for part in ("camera", "speech", "stick", "haptics", "braille")},
    **{f"{trouble}_over": (trouble,) for trouble in ("hot", "battery_low", "power_weak")},
    "mqtt_found": ("mqtt_lost", "mqtt_refused"),
    # A link that is refused is no longer lost, and the other way round.
    "mqtt_lost": ("mqtt_refused",),
    "mqtt_refused": ("mqtt_lost",),
}
"""News -> the troubles that it ends."""
LASTING = {"events_lost", "buttons_lost", "network_lost", "safe_mode"}
"""Troubles that nothing ends while facecue runs."""
TROUBLES = LASTING.union(*ENDS.values())
FLEETING = "answer"
"""Cues of this kind confirm what was just asked; only those about faces and health are remembered."""


class Recall:
    """Looks at every picture's outcome and hears every cue; an edge.fanout.Outlet.

    see() and the questions belong to the loop's thread, offer() to any. settings: may be exchanged.
    """

    name = "recall"

    def __init__(self, settings: CueSettings, catalogue: Catalogue) -> None:
        self.settings = settings
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
        self._width = self._height = 1

    def see(self, frame: Frame, step: Step, now: float) -> None:
        """One picture's outcome; of the picture only its size is kept."""
        self._picture_at = now
        if step.faces:
            self._face_at = now
            self._height, self._width = frame.image.shape[:2]
            self._faces, self._reading, self._abstains = step.faces, step.reading, step.abstains

    def offer(self, cue: Cue) -> None:
        with self._lock:
            if cue.kind != FLEETING:
                self._said = cue
            if cue.kind == "health":
                for ended in ENDS.get(cue.label, ()):
                    self._troubles.pop(ended, None)
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
        if missing := self._missing(now):
            return [missing]
        face = self._face()
        place = face.box.centre[0] / self._width
        there = "person_left" if place < LEFT else "person_right" if place > RIGHT else "person_ahead"
        several = [COUNTS.get(len(self._faces), "many_people")] if len(self._faces) > 1 else []
        where = Place(self.settings).update(face, max(self._width, self._height), now)
        told = [*several, there, *(key for key in where if key != "facing"), *self._shown(levels)]
        return list(dict.fromkeys(told))

    def aim(self, now: float) -> list[str]:
        """Where the face is in the picture, for somebody who aims the camera."""
        missing = self._missing(now)
        return [missing or aim(self._face().box, self._width, self._height)]

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

    def _missing(self, now: float) -> str:
        """Why there is no face to tell of, or nothing."""
        if now - self._picture_at > STALE_SECONDS:
            return "camera_lost" if "camera_lost" in self.troubles else "no_picture"
        # A face that is missed for a moment has not left.
        return "no_face" if now - self._face_at > self.settings.absent_seconds else ""

    def _face(self) -> Face:
        return self._reading.face if self._reading else max(self._faces, key=_area)

    def _shown(self, levels: Sequence[str]) -> list[str]:
        """What the face does, or why that cannot be told; what is only maybe comes last."""
        reading = self._reading
        if reading is None or reading.unreadable or reading.quality < self.settings.least_quality:
            return [self._abstains if self._abstains in PHRASES else "unsure"]
        told = self._movements(reading) if "movements" in levels else []
        if {"attitude", "emotion"} & set(levels) and not reading.covered:
            seen = reading.emotion if "emotion" in levels else reading.attitude
            # A smile has said it.
            if "smile" not in told or seen.name not in IMPLIED["smile"]:
                told += self._named(seen, reading.talking)
        told += ["covered"] * reading.covered + ["talking"] * reading.talking
        return sorted(told, key=lambda key: key.startswith("maybe_")) or ["unsure"]

    def _movements(self, reading: Reading) -> list[str]:
        told = []
        for key, of in MOVEMENTS.items():
            probability = of(reading.units.scores)
            hidden = (reading.covered and key in OF_THE_MOUTH) or (reading.talking and key in ONLY_SPEECH)
            sure = probability >= self.settings.sure_from
            maybe = probability >= self.settings.enter and key not in ONLY_SURE and not reading.talking
            if (sure or maybe) and not hidden:
                told.append(key if sure else f"maybe_{key}")
        return told[:MOST_TOLD]

    def _named(self, seen: Emotion | Attitude, talking: bool) -> list[str]:
        settings = self.settings
        if seen.name not in PHRASES or seen.confidence < settings.named_from:
            return []
        if seen.confidence >= settings.named_sure_from:
            return [seen.name]
        return [] if talking else [f"maybe_{seen.name}"]


def _area(face: Face) -> float:
    return face.box.width * face.box.height
