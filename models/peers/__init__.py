"""Other people's expression models, run on the same pictures as ours.

Each lies with its weights in a package of a public registry. `docs/peers.md` says what each one
is, what it was trained on and under which licence it stands.
"""

from __future__ import annotations

from models.peers.table import NAMES, UNIT_NAMES, exists, predictions, unit_predictions

__all__ = ["NAMES", "UNIT_NAMES", "exists", "predictions", "unit_predictions"]
