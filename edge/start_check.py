"""Before the first frame: does this net, on this device, give a golden answer?

Hashes show that a folder's files are those of its card. They cannot show that the card was written for
these files, and a folder that was put together by hand has right hashes throughout. A few golden faces
can, in the time of as many frames; `facecue self-check` runs them all.
"""

from __future__ import annotations

import numpy as np

from edge import preprocess
from edge.backends.base import Backend
from edge.emotions import probability
from edge.errors import ModelError
from edge.model_folder import ModelFolder

FACES = 2
"""Golden faces that are run at a start: as long as two frames take."""
SECOND_STAGE = 0.001
"""The second stage runs in numpy everywhere: what it gives differs by rounding alone."""


def require_golden(folder: ModelFolder, device: Backend, faces: int = FACES) -> None:
    """Run the golden faces that say most about the net, and compare them with torch's answers.

    faces: how many. Raises ModelError if a probability differs by more than the card allows, if the
    answers are no numbers, or if the golden file is not the card's; BackendError if the device fails.
    """
    golden = folder.golden()
    allowed = folder.artefact.tolerance.probability
    # The faces with the largest log-odds: another net, or units in another order, differ most there.
    chosen = np.argsort(-np.abs(golden.logits).sum(axis=1), kind="stable")[:faces]
    if not len(chosen):
        raise ModelError(f"{folder.path / folder.card.golden} holds no golden face: install the model again")
    for index in chosen:
        image = preprocess.net_input(golden.crops[index], folder.card.image_size)
        ours = probability(device.infer(image[None])[0])
        theirs = probability(golden.logits[index])
        if ours.shape != theirs.shape:
            raise ModelError(f"{folder.network} gives {ours.size} answers, its card names {theirs.size}")
        emotions = folder.emotion_stage.probabilities(golden.logits[index])
        difference = float(np.abs(ours - theirs).max())
        # Written so that "not a number" is refused.
        if not difference <= allowed:
            raise ModelError(
                f"{folder.network} on {device.device} does not give the answers it was released with (a "
                f"probability differs by {difference:.2f}, allowed {allowed:.2f}): "
                "run facecue self-check, and install the model again if it fails"
            )
        if not np.abs(emotions - golden.emotions[index]).max() <= SECOND_STAGE:
            raise ModelError(
                f"{folder.path / folder.card.emotion_stage} does not give the emotions it was released with: "
                "install the model again"
            )
