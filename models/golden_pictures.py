"""Golden faces of one's own: a folder of pictures that show faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge import preprocess
from edge.errors import PictureError
from edge.faces import FaceFinder
from edge.settings import FacesSettings
from edge.sources.picture import pictures_in, read_picture
from edge.types import Frame
from models.data.readers import DataError
from models.data.wording import named

FEWEST = 12
"""With fewer faces a flipped decision or emotion is too large a share to be judged."""


def crops(folder: Path, size: int) -> list[npt.NDArray[np.uint8]]:
    """The nearest face of every picture in a folder, cut as the device cuts it: uint8 [size, size] each.

    Raises DataError that names every picture without a face, or says that there are too few.
    """
    finder = FaceFinder(FacesSettings())
    found, faults = [], []
    try:
        paths = pictures_in(folder)
    except PictureError as error:
        raise DataError(f"golden: {error}") from error
    for path in paths:
        try:
            faces = finder.find(frame := Frame(read_picture(path), 0, 0.0))
            crop = preprocess.align(frame.image, faces[0].landmarks, size) if faces else None
        except (PictureError, ValueError) as error:
            faults.append(f"{path.name} ({error})")
            continue
        if crop is None:
            faults.append(f"{path.name} (no face is found in it)")
        else:
            found.append(preprocess.net_input(crop, size)[0].astype(np.uint8))
    if faults:
        raise DataError(f"golden: {folder} holds what cannot be a golden face: {named(faults)}")
    if len(found) < FEWEST:
        raise DataError(f"golden: {folder} holds {len(found)} faces, at least {FEWEST} are needed")
    return found
