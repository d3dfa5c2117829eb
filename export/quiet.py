"""Third parties' habits that have no place in an export: progress bars, chatter, old warnings."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def no_progress_bars() -> Iterator[None]:
    """NNCF draws its bars on standard output, which belongs to the command line, and tells every step."""
    nncf = logging.getLogger("nncf")
    level = nncf.level
    nncf.setLevel(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        nncf.setLevel(level)


@contextlib.contextmanager
def old_exporter() -> Iterator[None]:
    """Accept that torch calls its TorchScript exporter old.

    The newer one ignores every opset below 18, and readers of 2022 and before end at 13.
    """
    with warnings.catch_warnings():
        for message in ("You are using the legacy TorchScript", "The feature will be removed"):
            warnings.filterwarnings("ignore", message, DeprecationWarning)
        yield
