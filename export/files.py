"""Files that appear whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path


def put(files: Mapping[Path, Path]) -> None:
    """Copy each source to its target (source -> target), all of them or none. Raises OSError."""
    parts = {target.with_name(f".{target.name}.part"): target for target in files.values()}
    try:
        for source, part in zip(files, parts):
            part.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part)
        for part, target in parts.items():
            part.replace(target)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
