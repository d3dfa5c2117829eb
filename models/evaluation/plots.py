"""Plots of a report as SVG that can stand inside an HTML page."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0b5394", "#b45f06", "#555555"
"""Apart in brightness as well as in colour; the shapes of the marks differ too."""
FIXED = {"svg.hashsalt": "facecue", "svg.fonttype": "path", "font.size": 10}
"""The same figures give the same bytes."""


def units(ck: dict[str, Any]) -> str:
    """F1 of every unit with its interval, with onsets and on peaks alone."""
    names = list(ck["units"])
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for table, shift, colour, mark, label in (
        ("units", -0.15, BLUE, "o", "peaks and neutral onsets"),
        ("peaks_only_units", 0.15, ORANGE, "s", "peaks only"),
    ):
        here = [(k, ck[table][name]) for k, name in enumerate(names) if name in ck[table]]
        x = np.array([k + shift for k, _ in here])
        y = np.array([unit["f1"] for _, unit in here])
        spans = np.array([unit["intervals"]["f1"] for _, unit in here], dtype=np.float64).reshape(-1, 2)
        axes.vlines(x, spans[:, 0], spans[:, 1], color=colour, linewidth=1.5)
        axes.plot(x, y, mark, color=colour, label=label, markersize=5)
    axes.set_xticks(range(len(names)), names, rotation=60)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("F1 at 0.5, 95 % by person")
    axes.grid(axis="y", color="#dddddd")
    axes.legend(loc="lower left")
    return _svg(figure)


def confusion(classes: dict[str, Any]) -> str:
    """Shares of each true class that were called each class."""
    names, counts = classes["names"], np.array(classes["confusion"], dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(1.6 + 0.75 * len(names), 1.2 + 0.6 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row in range(len(names)):
        for column in range(len(names)):
            share = shares[row, column]
            colour = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("answered")
    axes.set_ylabel("voted by most")
    return _svg(figure)


def reliability(bins: list[dict[str, Any]], what: str) -> str:
    """Accuracy against confidence; the diagonal would be perfect."""
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "--", color=GREY)
    axes.bar(
        [(b["low"] + b["high"]) / 2 for b in bins],
        [b["accuracy"] for b in bins],
        width=[0.9 * (b["high"] - b["low"]) for b in bins],
        color="#9fc5e8",
        edgecolor=BLUE,
    )
    axes.plot([b["confidence"] for b in bins], [b["accuracy"] for b in bins], "o", color=BLUE, markersize=4)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence")
    axes.set_ylabel(what)
    return _svg(figure)


def slices(rows: list[dict[str, Any]]) -> str:
    """Points lost by every slice, with intervals."""
    figure = Figure(figsize=(8, 0.32 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(rows), dtype=np.float64)
    for key, shift, colour, mark, label in (
        ("plurality_lost", -0.15, BLUE, "o", "FER+, plurality"),
        ("macro_f1_lost", 0.15, ORANGE, "s", "CK+, macro F1"),
    ):
        spans = np.array([row[f"{key}_interval"] for row in rows], dtype=np.float64).reshape(-1, 2)
        axes.hlines(place + shift, spans[:, 0], spans[:, 1], color=colour, linewidth=1.5)
        axes.plot([row[key] for row in rows], place + shift, mark, color=colour, label=label, markersize=5)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axvline(3, color=GREY, linewidth=1, linestyle=":")
    axes.set_yticks(place, [row["name"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("points lost (dotted: 3)")
    axes.grid(axis="x", color="#dddddd")
    axes.legend(loc="lower right")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """The picture as an element; its words are in the alternative text beside it."""
    stream = io.StringIO()
    with matplotlib.rc_context(FIXED):
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
