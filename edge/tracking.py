"""Who is who from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.cues.attention import weight
from edge.types import Box, Face

LEAST_OVERLAP = 0.15
"""Boxes of one person overlap at least this much between frames at 5 per second."""
MOST_SHIFT = 0.7
"""...or lie within this share of the face's width, where a quick move leaves no overlap."""
TAKE_OVER = 1.6
"""Another face must weigh this much more before attention moves to it."""


@dataclass
class _Track:
    number: int
    box: Box
    seen_at: float
    weight: float = 0.0


class Tracker:
    """Numbers faces, and keeps attention on one of them.

    forget_seconds: a face unseen for this long gets a new number when it comes back.
    """

    def __init__(self, forget_seconds: float) -> None:
        self.forget_seconds = forget_seconds
        self._tracks: list[_Track] = []
        self._next = 1
        self._attended = -1

    def update(self, faces: list[Face], now: float) -> list[Face]:
        """The same faces with track numbers. An empty list ages the tracks."""
        self._tracks = [t for t in self._tracks if now - t.seen_at <= self.forget_seconds]
        pairs = sorted(
            (
                (_likeness(t.box, f.box), i, j)
                for i, t in enumerate(self._tracks)
                for j, f in enumerate(faces)
            ),
            reverse=True,
        )
        track_of: dict[int, _Track] = {}
        used: set[int] = set()
        for likeness, i, j in pairs:
            if likeness > 0 and i not in used and j not in track_of:
                track_of[j] = self._tracks[i]
                used.add(i)
        out = []
        for j, face in enumerate(faces):
            track = track_of.get(j)
            if track is None:
                track = _Track(self._next, face.box, now)
                self._next += 1
                self._tracks.append(track)
            track.box, track.seen_at = face.box, now
            out.append(replace(face, track=track.number))
        return out

    def attended(self, faces: list[Face], width_pixels: float | None = None) -> Face | None:
        """The face to speak of: the one that weighs most, but not a different one at every frame.

        While the attended person is only unseen for a moment (a hand over the face), attention
        waits rather than jumping to somebody in the background. width_pixels: of the picture.
        """
        if not faces:
            return None
        weights = {face.track: weight(face, width_pixels) for face in faces}
        for track in self._tracks:
            track.weight = weights.get(track.number, track.weight)
        first = max(faces, key=lambda f: weights[f.track])
        current = next((f for f in faces if f.track == self._attended), None)
        held = next((t for t in self._tracks if t.number == self._attended), None)
        if held is not None and weights[first.track] < TAKE_OVER * held.weight:
            return current
        self._attended = first.track
        return first


def _likeness(a: Box, b: Box) -> float:
    """Over 0 where two boxes may be the same face; larger is likelier."""
    overlap = a.overlap(b)
    if overlap >= LEAST_OVERLAP:
        return 1.0 + overlap
    (ax, ay), (bx, by) = a.centre, b.centre
    width = max(a.width, b.width)
    shift = ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5 / width
    alike = 0.5 <= a.width / b.width <= 2.0
    return MOST_SHIFT - shift if alike and shift < MOST_SHIFT else 0.0
