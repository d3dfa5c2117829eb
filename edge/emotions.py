"""Second stage: emotions and attitude from action units alone."""

from __future__ import annotations

LOGIT_LIMIT = 6.0
"""Log-odds of a unit beyond this carry no further evidence (probability 0.0025 / 0.9975)."""
