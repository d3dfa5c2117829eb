"""Visible movements, read from action units."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Scores = Mapping[str, float]

MOVEMENTS: dict[str, Callable[[Scores], float]] = {
    "smile": lambda s: s["AU12"],
    "brows_raised": lambda s: (s["AU01"] * s["AU02"]) ** 0.5,
    "frown": lambda s: s["AU04"],
    # A broad smile wrinkles the nose as well; that is no news.
    "nose_wrinkled": lambda s: s["AU09"] * (1.0 - s["AU12"]),
    "mouth_open": lambda s: max(s["AU26"], s["AU27"]),
    "mouth_corners_down": lambda s: s["AU15"],
}
"""Movement -> its probability 0..1, from the units' probabilities; the order is that of salience.

Source of the combinations: Ekman, Friesen & Hager 2002.
"""

NEEDED_UNITS = ("AU01", "AU02", "AU04", "AU09", "AU12", "AU15", "AU26", "AU27")
"""A model without these cannot say movements."""
