"""The clips that come with facecue, so that it can be tried without a camera."""

from __future__ import annotations

from pathlib import Path

CLIPS = Path(__file__).parent / "assets" / "clips"
DEMO_CLIP = CLIPS / "langer.mp4"
"""19.7 s: sad, a hand over the face, surprised, laughing (Wolfgang Langer, Pexels)."""
