"""A frame with what was read from it drawn in."""

from __future__ import annotations

import cv2
import numpy as np

from edge.pipeline import Step
from edge.types import Frame, UInt8

FONT = cv2.FONT_HERSHEY_SIMPLEX
YELLOW, GREY, BLACK = (0, 220, 255), (170, 170, 170), (0, 0, 0)
MOST_UNITS = 5


def annotated(frame: Frame, step: Step) -> UInt8:
    """A copy of the picture with boxes, landmarks, the strongest units, the emotion and the cue."""
    image = frame.image.copy()
    attended = step.reading.face.track if step.reading else -1
    for face in step.faces:
        colour = YELLOW if face.track == attended else GREY
        box = face.box
        corner = (round(box.x), round(box.y))
        cv2.rectangle(image, corner, (round(box.x + box.width), round(box.y + box.height)), colour, 2)
        for x, y in face.landmarks:
            cv2.circle(image, (round(float(x)), round(float(y))), 2, colour, -1)
    lines = [f"{frame.captured_at:.1f} s"]
    if step.reading is not None:
        reading = step.reading
        lines.append(f"{reading.emotion.name} {reading.emotion.confidence:.2f}, {reading.attitude.name}")
        strongest = sorted(reading.units.scores.items(), key=lambda item: -item[1])[:MOST_UNITS]
        lines += [f"{name} {score:.2f}" for name, score in strongest if score >= 0.3]
    lines += [f"> {cue.text}" for cue in step.cues]
    for row, line in enumerate(lines, start=1):
        for colour, thickness in ((BLACK, 3), (YELLOW, 1)):
            cv2.putText(image, line, (6, 18 * row), FONT, 0.5, colour, thickness, cv2.LINE_AA)
    return np.asarray(image, dtype=np.uint8)
