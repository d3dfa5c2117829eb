"""What flows through the pipeline; no type of cv2, OpenVINO or paho passes these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

UNSURE = "unsure"
"""Name of an emotion or attitude that is not clear enough to be said."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a source.

    image: uint8 [H, W, 3], BGR. index: counts from 0. captured_at: seconds on the source's clock
    (monotonic for a camera, position in the clip for a replay).
    """

    image: UInt8
    index: int
    captured_at: float


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; x and y are the left upper corner and may lie outside the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, eq=False)
class Face:
    """A face found in a frame.

    landmarks: float32 [5, 2] pixels, in the order of edge.preprocess.TEMPLATE. score: the
    detector's, 0..1. track: number of the person while in view, -1 before tracking.
    """

    box: Box
    landmarks: Float32
    score: float
    track: int = -1


@dataclass(frozen=True)
class ActionUnits:
    """scores: "AU12" -> calibrated probability 0..1; 0.5 is the decision."""

    scores: Mapping[str, float]

    def active(self, unit: str) -> bool:
        """Whether the unit is decided to be there."""
        return self.scores[unit] >= 0.5


@dataclass(frozen=True)
class Emotion:
    """name: the most probable of edge.facs.EMOTIONS, or UNSURE. probabilities sum to 1."""

    name: str
    confidence: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class Attitude:
    """name: one of edge.facs.ATTITUDES, or UNSURE. probabilities sum to 1."""

    name: str
    confidence: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Reading:
    """What one face shows at one moment, smoothed over the last moments.

    quality: 0..1, how far the face can be read at all (edge.quality). neutral_known: whether the
    emotion is judged against this person's own resting face (edge.neutral). talking: whether the mouth
    moves as in speech. covered: whether something lies before the mouth. unreadable: why the face
    should not be read, as a key of edge.cues.catalogue, empty where it may be.
    """

    face: Face
    units: ActionUnits
    emotion: Emotion
    attitude: Attitude
    quality: float
    captured_at: float
    neutral_known: bool = False
    talking: bool = False
    covered: bool = False
    unreadable: str = ""


class Priority(IntEnum):
    """NOW cuts in, NEXT goes to the head of the queue, NORMAL waits its turn."""

    NORMAL = 0
    NEXT = 1
    NOW = 2


@dataclass(frozen=True, eq=False)
class Cue:
    """Something to tell the user.

    kind: "person", "cue", "no_face" or "health". text: what is said. label: what it is about,
    the same in every language ("smile", "surprise", "camera_lost"). Times are seconds on the
    source's clock; after expires_at it is no longer worth saying. reading: what it rests on.
    phrases: everything that is said, as keys of edge.cues.catalogue.
    """

    kind: str
    label: str
    text: str
    priority: Priority
    created_at: float
    expires_at: float
    reading: Reading | None = None
    phrases: tuple[str, ...] = ()
