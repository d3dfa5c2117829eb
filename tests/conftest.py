from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from export.legacy.environment import LegacyEnvironment


@pytest.fixture(scope="session")
def legacy() -> LegacyEnvironment:
    """OpenVINO 2021.4.2 in the user's own cache, made on first use as the command makes it."""
    from export.errors import ExportError
    from export.legacy import python
    from export.legacy.environment import LegacyEnvironment

    try:
        return LegacyEnvironment.set_up(print)
    except ExportError as error:
        # Where CI has a Python for it, it must work.
        if os.environ.get("CI") == "true" and next(python.interpreters(), None):
            raise
        pytest.skip(str(error))
