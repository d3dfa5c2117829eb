"""Answers of peers that are kept, because asking again takes minutes."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.peers.peer import Float32, PeerError, UInt8

log = logging.getLogger(__name__)


def remembered(
    cache: Path, name: str, version: str, images: Sequence[UInt8], ask: Callable[[], Float32]
) -> Float32:
    """The answer to these very pictures: read from `cache`, else asked for and written there.

    Numbers only are kept, no picture. Raises PeerError if `cache` cannot be written, and what `ask` raises.
    """
    path = cache / f"{name}-{_key(version, images)}.npz"
    kept = _read(path, len(images))
    if kept is not None:
        log.debug("the answers of %s come from %s", name, path)
        return kept
    answer = ask()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Written aside and moved: a file that is there is whole.
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".part", delete=False) as stream:
            try:
                np.savez_compressed(stream, answer=answer, version=np.array(version))
                stream.close()
                Path(stream.name).replace(path)
            except BaseException:
                Path(stream.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise PeerError(
            f"the answers of the peer {name} cannot be kept in {cache} ({error.strerror}): "
            "name another folder or free some space"
        ) from error
    return answer


def _key(version: str, images: Sequence[UInt8]) -> str:
    digest = hashlib.sha256(version.encode())
    for image in images:
        digest.update(str(image.shape).encode())
        digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()[:16]


def _read(path: Path, count: int) -> Float32 | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream:
            answer = np.load(stream, allow_pickle=False)["answer"]
        if answer.ndim != 2 or len(answer) != count:
            raise ValueError(f"it holds {answer.shape}")
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError) as error:
        log.warning("%s cannot be used (%s): the peer is asked again", path, error)
        return None
    return np.asarray(answer, dtype=np.float32)
