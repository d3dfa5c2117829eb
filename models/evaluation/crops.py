"""The pictures of an evaluation as files, named so that their truth is found again."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge.errors import SettingsError
from models.evaluation.truth import Coded, Wild


def write(folder: Path, wild: Wild, coded: Coded) -> int:
    """Every picture as "<key>.png" into the folder, which is made; returns how many.

    Raises SettingsError if they cannot be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for key, image in zip((*wild.keys, *coded.keys), (*wild.images, *coded.images)):
            # cv2.imwrite only says that it failed, not why.
            (folder / f"{key}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    except OSError as error:
        raise SettingsError([f"--write-crops {folder} cannot be written ({error.strerror})"]) from error
    return len(wild.keys) + len(coded.keys)
