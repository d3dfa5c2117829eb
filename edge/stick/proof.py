"""Is what the stick answers what the net was released with? Asked before its first answer is used."""

from __future__ import annotations

import time

import numpy as np

from edge import preprocess
from edge.emotions import probability
from edge.errors import StickError
from edge.model_folder import ModelFolder
from edge.stick.process import StickProcess

CROPS = 4
"""Few: a user waits for it. `facecue self-check` asks all."""


def prove(process: StickProcess, folder: ModelFolder, seconds: float) -> None:
    """Compare some golden faces with torch's answers, which also warms the stick up.

    seconds: for all of them together. Raises StickError if a probability is further from torch's
    than the card allows, or ModelError if there are no golden faces.
    """
    deadline = time.monotonic() + seconds
    golden, allowed = folder.golden(), folder.artefact.tolerance.probability
    for crop, wanted in zip(golden.crops[:CROPS], golden.logits):
        image = preprocess.net_input(crop, folder.card.image_size)[None]
        answer = process.ask(image, max(0.0, deadline - time.monotonic()))[0]
        difference = float(np.abs(probability(answer) - probability(wanted)).max())
        if not difference <= allowed:  # written so that "not a number" fails
            raise StickError(
                f"{process.device} answers wrongly: a probability is off by {difference:.3f}, "
                f"{allowed:.3f} is allowed; run facecue self-check"
            )
