"""Many pictures through edge's own path: its pre-processing, its runtime, the released artefact."""

from __future__ import annotations

import hashlib
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge import wiring
from edge.action_units import ActionUnitNet
from edge.errors import SettingsError
from edge.model_folder import ModelFolder
from edge.settings import ModelSettings

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


class Device:
    """The net of a model folder, on every core where it runs on the processor.

    A net of one picture at a time gains little from a second thread: so each core gets a backend of
    its own with one thread. A device or a number of threads that the settings name is left as it is.
    cache: folder in which answers are kept, by the hashes of the network and of the pictures as the
    net gets them; None keeps none. Raises BackendError, ModelError.
    """

    def __init__(self, settings: ModelSettings, folder: ModelFolder, cache: Path | None = None) -> None:
        many = settings.threads == 0 and settings.device in ("auto", "CPU")
        first = wiring.backend(replace(settings, threads=1) if many else settings, folder)
        self._backends = [first]
        self.description = f"{first.device} ({first.description})"
        if many and first.device == "CPU":
            for _ in range((os.cpu_count() or 1) - 1):
                self._backends.append(wiring.backend(replace(settings, threads=1), folder))
        self._nets = [ActionUnitNet(backend, folder.card) for backend in self._backends]
        hashes = [folder.card.sha256[name] for name in folder.artefact.files]
        self._model = "\n".join((*hashes, first.device, str(folder.card.image_size)))
        self._cache = cache
        if cache is not None:
            try:
                cache.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError([f"--cache {cache} cannot be made ({error.strerror})"]) from error

    def logits(self, images: list[UInt8], name: str, progress: Any = None) -> Float32:
        """Log-odds float32 [N, K]. name: of the cached file. progress: a tqdm bar, moved by pictures."""
        if self._cache is None:
            return self._ask(images, progress)
        key = self._key(images)
        # Two slices may give the same pictures: they need not be read twice.
        kept = next(self._cache.glob(f"*-{key}.npz"), None)
        found = None if kept is None else _stored(kept, len(images), len(self._nets[0].names))
        if found is None:
            found = self._ask(images, progress)
            _store(self._cache / f"{name}-{key}.npz", found)
        elif progress is not None:
            progress.update(len(images))
        return found

    def close(self) -> None:
        for backend in self._backends:
            backend.close()

    def _ask(self, images: list[UInt8], progress: Any) -> Float32:
        out = np.empty((len(images), len(self._nets[0].names)), dtype=np.float32)

        def share(number: int) -> None:
            for row in range(number, len(images), len(self._nets)):
                out[row] = self._nets[number].of_crop(images[row])
                if progress is not None:
                    with progress.get_lock():
                        progress.update(1)

        with ThreadPoolExecutor(len(self._nets)) as pool:
            list(pool.map(share, range(len(self._nets))))
        return out

    def _key(self, images: list[UInt8]) -> str:
        digest = hashlib.sha256(self._model.encode())
        for image in images:
            digest.update(str(image.shape).encode())
            digest.update(np.ascontiguousarray(image).tobytes())
        return digest.hexdigest()[:24]


def _stored(path: Path, rows: int, units: int) -> Float32 | None:
    """What was kept; None if it does not fit."""
    try:
        # Opened here, because numpy leaves a file that it cannot read open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            logits = np.asarray(archive["logits"], dtype=np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # cut short by a kill: it is made again
    return logits if logits.shape == (rows, units) and np.isfinite(logits).all() else None


def _store(path: Path, logits: Float32) -> None:
    part = path.with_name(f"part-of-{path.name}.tmp.npz")
    try:
        np.savez(part, logits=logits)
        part.replace(path)
    except OSError as error:
        raise SettingsError([f"--cache {path.parent} cannot be written ({error.strerror})"]) from error
