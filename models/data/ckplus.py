"""Cohn-Kanade+: FACS-coded sequences, from neutral to peak (Lucey et al. 2010)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.facs import EMOTIONS, SIDED_UNITS, UNIT_COLUMNS
from models.data.faceset import FaceSet, join
from models.data.readers import BLENDSHAPES, load_names, load_npz, need_pictures, need_width

SUSPECT = frozenset({"S129_012", "S129_002", "S138_004", "S055_006"})
"""Sequences whose codes contradict the pictures."""
SMILING_AT_ONSET = frozenset({"S056"})
"""People whose "neutral" first frame already smiles."""
NEVER_CODED = ("AU28", "AU45")
"""Units the coders of CK+ left out: absent there means unknown."""
UNRELIABLE = ("AU18", "AU22", "AU10", "AU26")
"""Units coded in fewer than 15 peaks: left to the teacher, like the never coded ones."""
IN_OUR_WORDS = {"happy": "happiness"}
"""CK+'s words for emotions that FER+ has another word for."""
COLUMNS = ("images", "aus", "subject", "video", "frame", "kind")
PROTOCOL = (
    "AU01",
    "AU02",
    "AU04",
    "AU05",
    "AU06",
    "AU07",
    "AU09",
    "AU12",
    "AU14",
    "AU15",
    "AU17",
    "AU20",
    "AU23",
    "AU24",
    "AU25",
    "AU27",
)
"""The sixteen units with at least twenty coded peaks, on which figures are reported."""


def fold_of(subject: str, folds: int = 5) -> int:
    """The same fold for a person for ever, whatever else the set holds."""
    return int(hashlib.sha256(subject.encode()).hexdigest(), 16) % folds


def read(folder: Path) -> FaceSet:
    """Peaks, near-peaks and neutral onsets, as one set.

    folder holds `ckplus_128.npz` (peaks and onsets at 128 px) and, where present,
    `ckplus_48.npz` (near-peaks, which inherit the peak's code) and `blendshapes_ckplus_128.npz`.
    Emotions stay unknown: CK+'s emotion labels were derived from the codes, so a net must not learn them
    as if they were votes; `posed` gives them for the second stage alone.
    """
    sets = [peaks(folder)[0]]
    small = folder / "ckplus_48.npz"
    if small.exists():
        near = load_npz(small, COLUMNS)
        rows = np.flatnonzero(near["kind"] == "near-peak")
        near = {k: v[rows] for k, v in near.items()}
        sets.append(_faces(small, near, np.full((len(rows), BLENDSHAPES), np.nan, dtype=np.float32)))
    return join("ckplus", sets)


def peaks(folder: Path) -> tuple[FaceSet, npt.NDArray[np.str_]]:
    """Only the coded 128 px frames, with each row's kind ("peak" or "onset"), for evaluation."""
    path = folder / "ckplus_128.npz"
    data = load_npz(path, COLUMNS)
    return _faces(path, data, _blendshapes(folder, data)), data["kind"]


def posed(folder: Path) -> FaceSet:
    """The frames of `peaks` to which CK+ gives one of the emotions, with it as their only vote.

    What an emotion looks like when it is acted on demand: the prototypes of FACS, on faces that a net
    has read. Accuracy on other people of CK+ stays circular.
    """
    faces, _ = peaks(folder)
    words = load_npz(folder / "ckplus_128.npz", ("emotion",))["emotion"]
    names = [IN_OUR_WORDS.get(str(word), str(word)) for word in words]
    rows = np.flatnonzero(np.isin(names, EMOTIONS))
    votes = np.eye(len(EMOTIONS), dtype=np.float32)[[EMOTIONS.index(names[row]) for row in rows]]
    return replace(faces.take(rows, "ckplus-posed"), emotions=votes)


def _faces(
    path: Path, data: dict[str, npt.NDArray[np.generic]], blendshapes: npt.NDArray[np.float32]
) -> FaceSet:
    names = load_names(path, "au_names")
    need_pictures(path, data["images"])
    need_width(path, "aus", data["aus"], len(names))
    codes = data["aus"].astype(np.float32)
    units = np.full((len(codes), len(UNIT_COLUMNS)), np.nan, dtype=np.float32)
    for k, unit in enumerate(UNIT_COLUMNS):
        plain = f"AU{unit[2:].lstrip('0')}"
        if plain in names and unit not in NEVER_CODED + UNRELIABLE:
            units[:, k] = codes[:, names.index(plain)]
    suspect = np.isin(data["video"], list(SUSPECT)) & (data["kind"] != "onset")
    smiling = np.isin(data["subject"], list(SMILING_AT_ONSET)) & (data["kind"] == "onset")
    units[suspect | smiling] = np.nan
    # The codes do not say on which side; but what is not there is on neither.
    for sided in SIDED_UNITS:
        whole = units[:, UNIT_COLUMNS.index(sided[:-1])]
        units[:, UNIT_COLUMNS.index(sided)] = np.where(whole == 0, 0.0, np.nan)
    return FaceSet(
        path.stem,
        list(data["images"]),
        units,
        np.full((len(codes), 8), np.nan, dtype=np.float32),
        blendshapes,
        data["subject"].astype(str),
        np.ones(len(codes), dtype=np.float32),
    )


def _blendshapes(folder: Path, data: dict[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
    out = np.full((len(data["video"]), BLENDSHAPES), np.nan, dtype=np.float32)
    path = folder / "blendshapes_ckplus_128.npz"
    if path.exists():
        extra = load_npz(path, ("video", "frame", "blendshapes"))
        need_width(path, "blendshapes", extra["blendshapes"], BLENDSHAPES)
        where = {(v, f): i for i, (v, f) in enumerate(zip(extra["video"], extra["frame"]))}
        for row, key in enumerate(zip(data["video"], data["frame"])):
            if key in where:
                out[row] = extra["blendshapes"][where[key]]
    return out
