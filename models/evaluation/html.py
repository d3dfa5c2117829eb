"""A report as one HTML page that needs nothing beside it, and shows nobody's face."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import jinja2

from models.evaluation import plots

TEMPLATE = "report.html.j2"


def page(report: dict[str, Any]) -> str:
    """The page, readable by ear: every plot has a text in its place and a table beside it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("models.evaluation", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(share=_share, figure=_figure, points=_points, span=_span, table=_table)
    report = {"command": "", "neutral": None, "slices": None, "peers": [], "peers_skipped": [], **report}
    fer, ck = report["ferplus_valid"], report["ckplus"]
    drawn = {
        "units": plots.units(ck),
        "emotions": plots.confusion(fer),
        "attitude": plots.confusion(fer["attitude"]),
        "emotions_reliability": plots.reliability(fer["reliability"], "share that was right"),
        "attitude_reliability": plots.reliability(fer["attitude"]["reliability"], "share that was right"),
        "unit_reliability": plots.reliability(ck["unit_reliability"], "share that was coded"),
    }
    if report.get("slices"):
        drawn["slices"] = plots.slices(report["slices"]["rows"])
    images = {name: _inline(svg) for name, svg in drawn.items()}
    return environment.get_template(TEMPLATE).render(report=report, fer=fer, ck=ck, plots=images)


def _inline(svg: str) -> str:
    """As the address of an <img>: there an alternative text is read instead of its letters."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _share(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "unknown"


def _figure(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "unknown"


def _points(value: float) -> str:
    return f"{value:+.1f}" if math.isfinite(value) else "unknown"


def _span(interval: tuple[float, float], digits: int = 2, scale: float = 1.0) -> str:
    low, high = (scale * bound for bound in interval)
    return f"{low:.{digits}f} to {high:.{digits}f}" if math.isfinite(low + high) else "unknown"


def _table(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
