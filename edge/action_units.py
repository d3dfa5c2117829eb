"""First stage: action units of a face crop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.backends.base import Backend
from edge.card import Card
from edge.emotions import probability
from edge.errors import BackendError
from edge.types import ActionUnits, Face, Frame


class ActionUnitNet:
    """A backend with its card: pictures in, log-odds of action units out."""

    def __init__(self, backend: Backend, card: Card) -> None:
        self._backend = backend
        self._card = card

    @property
    def model(self) -> str:
        """The model's name, for messages."""
        return self._card.name

    @property
    def names(self) -> tuple[str, ...]:
        return self._card.action_units

    def of_crop(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Log-odds of a picture that is a face already.

        crop: uint8 [H, W, 3] BGR or [H, W] grey, any size. Returns float32 [K]. Raises
        BackendError if the device fails or answers with something that is no number.
        """
        image = preprocess.net_input(crop, self._card.image_size)
        logits: npt.NDArray[np.float32] = self._backend.infer(image[None])[0]
        if not np.isfinite(logits).all():
            raise BackendError(f"{self._backend.device} answered with values that are no numbers")
        return logits

    def crop_of(self, frame: Frame, face: Face) -> npt.NDArray[np.uint8]:
        """The aligned crop of a face in a frame: uint8 [S, S, 3]."""
        return preprocess.align(frame.image, face.landmarks, self._card.image_size)

    def named(self, logits: npt.NDArray[np.float32]) -> ActionUnits:
        """Log-odds float32 [K] -> probabilities by name."""
        return ActionUnits({n: float(p) for n, p in zip(self.names, probability(logits))})
