"""How the camera is aimed: a face that the picture cuts off, or nearly so."""

from __future__ import annotations

from edge.types import Box

CUT_OFF = 0.15
"""A face of which this share lies outside the picture cannot be read."""
NEAR_EDGE = 0.03
"""A face as near to the edge as this share of the picture's side will be cut off in a moment."""
SIDES = ("edge_left", "edge_right", "edge_top", "edge_bottom")


def cut_off(box: Box, width_pixels: float, height_pixels: float) -> str:
    """The side on which the picture cuts a face off, as a key of the catalogue; "too_near" where several
    sides do, "" where none does."""
    beyond = _beyond(box, width_pixels, height_pixels)
    sides = [side for side, (outside, length) in beyond.items() if outside > CUT_OFF * length]
    return "too_near" if len(sides) > 1 else sides[0] if sides else ""


def aim(box: Box, width_pixels: float, height_pixels: float) -> str:
    """Where a face is for somebody who aims: the edge it is nearest to, "too_near" or "centred"."""
    margins = {"edge_left": width_pixels, "edge_right": width_pixels}
    margins.update({"edge_top": height_pixels, "edge_bottom": height_pixels})
    beyond = _beyond(box, width_pixels, height_pixels)
    sides = [side for side, (outside, _) in beyond.items() if outside > -NEAR_EDGE * margins[side]]
    if not sides:
        return "centred"
    if len(sides) > 2:
        return "too_near"
    return max(sides, key=lambda side: beyond[side][0])


def _beyond(box: Box, width: float, height: float) -> dict[str, tuple[float, float]]:
    """Side -> pixels of the face outside the picture there (negative: inside), and the face's length."""
    return {
        "edge_left": (-box.x, box.width),
        "edge_right": (box.x + box.width - width, box.width),
        "edge_top": (-box.y, box.height),
        "edge_bottom": (box.y + box.height - height, box.height),
    }
