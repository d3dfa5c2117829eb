"""A new model folder takes the place of an old one in one move, or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge import card as cards
from edge.errors import ModelError
from export.errors import ExportError


@contextlib.contextmanager
def building(output: Path) -> Iterator[Path]:
    """An empty folder beside `output` that takes its place when the block ends without an error.

    If the block raises, the new folder is removed and `output` stays as it is. Files in `output`
    that its card does not name (notes, a checkpoint) are carried over. Raises ExportError if
    something stands at `output` that is no model folder.
    """
    output = output.resolve()
    own = _not_the_models(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        raise ExportError(f"{output.parent} cannot be written to ({error.strerror})") from error
    try:
        new, old = scratch / "new", scratch / "old"
        new.mkdir()
        yield new
        for name in own:
            if not (new / name).exists():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(output / name, new / name)
        try:
            if output.exists():
                output.rename(old)
            new.rename(output)
        finally:
            if old.exists() and not output.exists():
                old.rename(output)
    finally:
        shutil.rmtree(scratch)


def _not_the_models(output: Path) -> list[Path]:
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return []
    if not (output / "card.json").is_file():
        raise ExportError(f"{output} is no model folder and will not be replaced: give another --output")
    try:
        card = cards.read(output / "card.json")
    except ModelError as error:
        raise ExportError(f"{output} holds a card that cannot be read: remove the folder first") from error
    named = {"card.json", *card.sha256}
    files = (path.relative_to(output) for path in sorted(output.rglob("*")) if path.is_file())
    return [name for name in files if name.as_posix() not in named]
