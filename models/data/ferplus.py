"""FER+: 48 px faces of the web with ten raters' votes (Barsoum et al. 2016)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import EMOTIONS, UNIT_COLUMNS
from models.data.faceset import FaceSet
from models.data.readers import BLENDSHAPES, DataError, load_npz, need_pictures, need_width

Votes = npt.NDArray[np.uint8]


def read(folder: Path, split: str) -> tuple[FaceSet, Votes, npt.NDArray[np.bool_]]:
    """One split of FER+.

    folder holds `ferplus.npz` and, where present, `blendshapes_ferplus.npz`. split: "train" or
    "valid"; pictures of the validation split that are pixel twins of a training picture are left
    out. Returns the set, the votes uint8 [N, 10] and whether the raters' plurality is one of the
    eight emotions, bool [N]. Raises DataError with the file's name if something does not fit.
    """
    path = folder / "ferplus.npz"
    data = load_npz(path, ("images", "votes", "split", "twin_of_train", "name"))
    need_pictures(path, data["images"])
    need_width(path, "votes", data["votes"], len(EMOTIONS) + 2)
    keep = data["split"] == split
    if split == "valid":
        keep &= ~data["twin_of_train"].astype(bool)
    if not keep.any():
        raise DataError(f'{path} has no picture of the split "{split}"')
    votes = data["votes"][keep]
    # A single vote is a slip more often than an opinion (as FER+'s authors also treat it).
    emotions = np.where(votes[:, : len(EMOTIONS)] > 1, votes[:, : len(EMOTIONS)], 0).astype(np.float32)
    plurality = votes.argmax(axis=1) < len(EMOTIONS)
    total = emotions.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        emotions = np.where((total > 0) & plurality[:, None], emotions / total, np.nan).astype(np.float32)

    count = int(keep.sum())
    blendshapes = np.full((count, BLENDSHAPES), np.nan, dtype=np.float32)
    extra = folder / "blendshapes_ferplus.npz"
    if extra.exists():
        teacher = load_npz(extra, ("name", "detected", "blendshapes"))
        need_width(extra, "blendshapes", teacher["blendshapes"], BLENDSHAPES)
        where = {name: i for i, name in enumerate(teacher["name"])}
        for row, name in enumerate(data["name"][keep]):
            i = where.get(name)
            if i is not None and teacher["detected"][i]:
                blendshapes[row] = teacher["blendshapes"][i]
    faces = FaceSet(
        f"ferplus-{split}",
        list(data["images"][keep]),
        np.full((count, len(UNIT_COLUMNS)), np.nan, dtype=np.float32),
        emotions,
        blendshapes,
        np.full(count, "", dtype="<U8"),
        np.ones(count, dtype=np.float32),
    )
    return faces, votes, plurality
