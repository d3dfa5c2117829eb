"""What the tests of the phone page need beside Python, and what happens where it is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SOURCE = Path(__file__).parents[2] / "deploy" / "phone"
NODE, NPM = shutil.which("node"), shutil.which("npm")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Root's Chromium has no sandbox of its own; the camera and its permission are pretended.
ARGUMENTS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def missing(what: str) -> NoReturn:
    """Skip with a reason; where CI has node, everything else has to be there as well."""
    if os.environ.get("CI") == "true" and NODE is not None:
        pytest.fail(f"the phone page cannot be tried: it needs {what}")
    pytest.skip(f"needs {what}")
