"""Rows of the annotation table: what one face in one picture shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge import quality
from edge.action_units import ActionUnitNet
from edge.emotions import EmotionStage, attitudes_of, probability
from edge.errors import ModelError, PictureError
from edge.faces import FaceFinder
from edge.facs import ATTITUDES
from edge.neutral import bounded
from edge.types import Box, Face, Float32, Frame, UInt8

ATTITUDE_COLUMNS = {a: "neutral_attitude" if a == "neutral" else a for a in ATTITUDES}
"""The emotion "neutral" has the plain name already."""


@dataclass(frozen=True, eq=False)
class Annotator:
    """Reads single pictures; remembers nothing from one to the next.

    neutral: float32 [K] log-odds of the resting face of the one person in all pictures, if given.
    """

    finder: FaceFinder
    net: ActionUnitNet
    emotions: EmotionStage
    neutral: Float32 | None = None

    @property
    def columns(self) -> list[str]:
        """The header of the table."""
        return [
            *("file", "frame", "face", "x", "y", "w", "h", "score"),
            *self.net.names,
            *self.emotions.emotions,
            *ATTITUDE_COLUMNS.values(),
            "quality",
        ]

    def crop(self, file: str, image: UInt8) -> dict[str, str]:
        """The row of a picture that is a face already, whatever its size."""
        height, width = image.shape[:2]
        return self._row(file, 0, 0, Box(0, 0, width, height), 1.0, image, quality.of_crop(image))

    def faces(self, file: str, frame: Frame) -> list[dict[str, str]]:
        """A row for every face found, nearest first."""
        rows = []
        for number, face in enumerate(self.finder.find(frame)):
            crop = self._aligned(frame, face)
            if crop is not None:
                grade = quality.of_face(face, crop)
                rows.append(self._row(file, frame.index, number, face.box, face.score, crop, grade))
        return rows

    def with_neutral(self, file: str, image: UInt8, is_crop: bool) -> Annotator:
        """The same, for the person whose resting face this picture shows (of several, the nearest).

        Raises PictureError if no face is found in it, ModelError if the model reads no neutral.
        """
        average = self.emotions.neutral_average
        if average is None:
            raise ModelError(
                f"the model {self.net.model} does not read a person's own neutral: "
                "leave out --neutral, or choose another model with --model"
            )
        crop = image if is_crop else self._nearest(Frame(image, 0, 0.0))
        if crop is None:
            raise PictureError(f"no face is found in the neutral picture {file}: give one that shows a face")
        return replace(self, neutral=bounded(self.net.of_crop(crop), average))

    def _nearest(self, frame: Frame) -> UInt8 | None:
        crops = (self._aligned(frame, face) for face in self.finder.find(frame))
        return next((crop for crop in crops if crop is not None), None)

    def _aligned(self, frame: Frame, face: Face) -> UInt8 | None:
        try:
            return self.net.crop_of(frame, face)
        except ValueError:
            return None

    def _row(
        self, file: str, frame: int, face: int, box: Box, score: float, crop: UInt8, grade: float
    ) -> dict[str, str]:
        logits = self.net.of_crop(crop)
        emotions = self.emotions.probabilities(logits, self.neutral)
        # float64 from here, so that the printed probabilities sum to 1.
        shares = emotions.astype(np.float64) / float(emotions.astype(np.float64).sum())
        named = dict(zip(self.emotions.emotions, (float(v) for v in shares)))
        attitudes = {ATTITUDE_COLUMNS[a]: v for a, v in attitudes_of(named).items()}
        units = dict(zip(self.net.names, (float(v) for v in probability(logits))))
        place = {"x": box.x, "y": box.y, "w": box.width, "h": box.height}
        return {
            "file": file,
            "frame": str(frame),
            "face": str(face),
            **{k: f"{v:.1f}" for k, v in place.items()},
            "score": f"{score:.4f}",
            **{k: f"{v:.6f}" for k, v in {**units, **named, **attitudes}.items()},
            "quality": f"{grade:.4f}",
        }
