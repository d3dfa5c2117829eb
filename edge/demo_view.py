"""The demo's live terminal view: the flow, as bars and words."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from edge.backends.base import Backend
from edge.facs import ACTION_UNITS, SIDED_UNITS
from edge.model_folder import ModelFolder
from edge.pipeline import Step
from edge.stopwatch import Stopwatch
from edge.types import Cue, Frame

REFRESH_PER_SECOND = 12
TOP_UNITS = 7
LAST_CUES = 4
UNIT_NAMES = {**ACTION_UNITS, **SIDED_UNITS}


class DemoView:
    """Draws every frame's readings; is a sink as well, so that it shows what is being said."""

    name = "view"

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._title = "facecue"
        self._cues: deque[Cue] = deque(maxlen=LAST_CUES)
        self._times: deque[float] = deque(maxlen=30)
        self._live = Live(Text("opening"), refresh_per_second=REFRESH_PER_SECOND, transient=True)

    def __enter__(self) -> DemoView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def ready(self, folder: ModelFolder, device: Backend) -> None:
        """Name the model and the device in the title."""
        self._title = f"facecue: {folder.card.name} {folder.precision} on {device.description}"

    def deliver(self, cue: Cue) -> None:
        self._cues.append(cue)

    def interrupt(self) -> None:
        """Nothing to cut short."""

    def close(self) -> None:
        """The view ends with its context."""

    def show(self, frame: Frame, step: Step) -> None:
        """Draw what was read from one frame."""
        self._times.append(time.monotonic())
        self._live.update(
            Panel(Group(self._flow(frame, step), self._bars(step), self._said()), title=self._title)
        )

    def _flow(self, frame: Frame, step: Step) -> Text:
        span = self._times[-1] - self._times[0]
        rate = (len(self._times) - 1) / span if span > 0 else 0.0
        took = {n: s[-1] * 1000 for n, s in self._stopwatch.seconds.items() if s}
        height, width = frame.image.shape[:2]
        return Text(
            f"{frame.captured_at:6.1f} s   {rate:4.1f} frames per second   "
            f"camera {width}x{height} -> {len(step.faces)} face{'' if len(step.faces) == 1 else 's'} "
            f"({took.get('faces', 0):.0f} ms) -> action units ({took.get('action units', 0):.0f} ms) "
            f"-> emotion -> cue\n"
        )

    def _bars(self, step: Step) -> Table:
        table = Table.grid(padding=(0, 2))
        if step.reading is None:
            table.add_row("nobody in view" if not step.faces else "a face, but not one that can be read")
            return table
        units = sorted(step.reading.units.scores.items(), key=lambda item: -item[1])[:TOP_UNITS]
        emotions = sorted(step.reading.emotion.probabilities.items(), key=lambda item: -item[1])[:TOP_UNITS]
        for (unit, score), (emotion, share) in zip(units, emotions):
            table.add_row(
                unit,
                UNIT_NAMES[unit],
                ProgressBar(total=1.0, completed=score, width=24),
                f"{score:.2f}",
                emotion,
                ProgressBar(total=1.0, completed=share, width=24),
                f"{share:.2f}",
            )
        return table

    def _said(self) -> Text:
        text = Text("\n")
        for number, cue in enumerate(reversed(list(self._cues))):
            style = "bold yellow" if number == 0 else "dim"
            text.append(f"{cue.created_at:6.1f} s  {cue.text}\n", style=style)
        return text
