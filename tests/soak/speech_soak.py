"""Speech under fire: a thousand cues while the engine, the player and the sound card are taken away.

    python tests/soak/speech_soak.py [--cues 1000] [--engine pyttsx3] [--transcript FILE]

Every 20th cue the engine is killed, every fifth time it is stopped instead, so that it hangs. Every 33rd cue
the player is killed while it plays. In the middle the sound card is gone for a while. A stand-in for aplay,
a real process, writes down what it was given and when it had played it; it plays SPEED times as fast as a
loudspeaker. The transcript, one JSON object per line, holds all that was asked, done and heard; exit
status 1 if an urgent cue was not heard whole, something hung, was left over, or grew.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import processes

from edge.settings import SpeechSettings
from edge.sinks import SinkWorker
from edge.speech.control import SpeechControl
from edge.speech.phrase import Phrase, write_wav
from edge.speech.players import choose_player
from edge.speech.sink import SpeechSink
from edge.speech.speaker import PlayedVoice
from edge.speech.synthesis import Synthesiser
from edge.types import Cue, Priority

URGENT_SECONDS, NORMAL_SECONDS = 30.0, 2.0
"""How long a cue is worth saying, as in edge.loop and cues.expiry_seconds."""
PATIENCE_SECONDS = 30.0
TIMEOUT_SECONDS = 2.0
"""speech.timeout_seconds; shorter than by default, so that the hangs do not take all the time."""
SPEED = 6
LEAST_GROWTH_KIB = 6 * 1024
"""Of noise: the allocator's and the interpreter's."""

PLAYER = r"""#!/bin/sh
PATH=/usr/bin:/bin
for wav in "$@"; do :; done
if [ -e "$FOLDER/gone" ]; then
    echo 'aplay: main:831: audio open error: No such file or directory' >&2
    exit 1
fi
sum=$(sha256sum <"$wav")
size=$(stat -c %s "$wav")
echo "begin $$ ${sum%% *}" >>"$FOLDER/heard"
ms=$((size * 10 / 441 / SPEED))
sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
echo "end $$" >>"$FOLDER/heard"
"""


@dataclass(frozen=True)
class Plan:
    """What is done, each every so many cues. hang_every: of the times the engine is hurt.

    gone_cues: so many the sound card is gone for. warm_cues: memory is compared from there on; by then the
    phrases that are kept (256) are complete.
    """

    cues: int = 1000
    engine: str = "pyttsx3"
    urgent_every: int = 4
    engine_every: int = 20
    hang_every: int = 5
    player_every: int = 33
    gone_cues: int = 20
    warm_cues: int = 300


@dataclass
class Transcript:
    """What was asked, done and heard, in the order in which it came to pass."""

    stream: TextIO | None = None
    began: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, **more: object) -> None:
        """Write one line."""
        if self.stream is None:
            return
        line = json.dumps({"t": round(time.monotonic() - self.began, 3), "what": what, **more})
        with self.lock:
            self.stream.write(line + "\n")


class Named:
    """A player that remembers which text has which sound, so that the other end can be understood."""

    def __init__(self, player: object) -> None:
        self._player = player
        self.texts: dict[str, str] = {}
        self.text = ""

    def play(self, phrase: Phrase, cut: threading.Event) -> None:
        sound = hashlib.sha256(_wav(phrase)).hexdigest()
        self.texts[sound] = self.text
        self._player.play(phrase, cut)  # type: ignore[attr-defined]

    def close(self) -> None: ...


class NamedVoice(PlayedVoice):
    """Tells its player what it is about to say."""

    def say(self, text: str, earcon: str, urgent: bool, cut: threading.Event) -> None:
        self._player.text = text  # type: ignore[attr-defined]
        super().say(text, earcon, urgent, cut)


def _wav(phrase: Phrase) -> bytes:
    out = io.BytesIO()
    write_wav(out, phrase)
    return out.getvalue()


@dataclass
class Outcome:
    """What is proved. lost: urgent texts that were not heard whole."""

    cues: int = 0
    urgent: int = 0
    lost: list[str] = field(default_factory=list)
    normal_heard: int = 0
    engine_killed: int = 0
    engine_stopped: int = 0
    player_killed: int = 0
    faults: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    grown: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return not (self.lost or self.hangs or self.left_over or self.grown)


def soak(plan: Plan, transcript: Transcript) -> Outcome:
    """Run it."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="facecue-soak-")))
        player = folder / "aplay"
        player.write_text(PLAYER.replace("$FOLDER", str(folder)).replace("SPEED", str(SPEED)))
        player.chmod(0o755)
        (folder / "heard").touch()
        before = os.environ["PATH"]
        stack.callback(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = str(folder)
        return _Soak(plan, transcript, folder).run()


class _Soak:
    def __init__(self, plan: Plan, transcript: Transcript, folder: Path) -> None:
        self._plan = plan
        self._transcript = transcript
        self._folder = folder
        self._outcome = Outcome(plan.cues)
        self._offered: dict[str, float] = {}
        self._urgent: list[str] = []
        # Of whoever else this process works for, a test run for example.
        self._others = set(processes.children())
        settings = SpeechSettings(
            engine=plan.engine, timeout_seconds=TIMEOUT_SECONDS, pause_seconds=0.0, earcons=[]
        )
        control = SpeechControl.of(settings)
        self._named = Named(choose_player(settings, time.monotonic))
        voice = NamedVoice(Synthesiser(settings, control), self._named, control)
        self._worker = SinkWorker(
            SpeechSink(voice, control), time.monotonic, self._on_fault, newest_wins=True
        )

    def run(self) -> Outcome:
        began = time.monotonic()
        gone = range(self._plan.cues // 2, self._plan.cues // 2 + self._plan.gone_cues)
        marker = self._folder / "gone"
        base: tuple[int, int, int] | None = None
        try:
            for number in range(1, self._plan.cues + 1):
                if number == gone.start:
                    marker.touch()
                    self._transcript.note("sound card gone")
                if number == gone.stop:
                    marker.unlink()
                    self._transcript.note("sound card back")
                self._step(number, present=number not in gone)
                if number == self._plan.warm_cues:
                    base = self._measure()
            self._drain("the end")
            self._wait_for_owed()
            if base is not None:
                self._compare(base, self._measure())
        finally:
            self._worker.close()
        left = self._own_children()
        self._outcome.left_over += [f"{pid} {state} {command}" for pid, (state, command) in left.items()]
        self._judge()
        self._outcome.seconds = time.monotonic() - began
        return self._outcome

    def _step(self, number: int, present: bool) -> None:
        if number % self._plan.engine_every == 0:
            self._hurt_engine(number)
        urgent = number % self._plan.urgent_every == 0
        if urgent:
            # Something to cut into.
            self._offer(f"smiling {number}", Priority.NORMAL)
            self._wait_for_player(0.2)
        self._offer(f"camera lost {number}" if urgent else f"frowning {number}", _priority(urgent))
        if number % self._plan.player_every == 0 and present:
            self._kill_player()
        self._drain(str(number))
        if number % 50 == 0:
            self._look_for_zombies(number)

    def _offer(self, text: str, priority: Priority) -> None:
        now = time.monotonic()
        self._offered[text] = now
        if priority is Priority.NOW:
            self._urgent.append(text)
        self._transcript.note("offered", text=text, urgent=priority is Priority.NOW)
        seconds = URGENT_SECONDS if priority is Priority.NOW else NORMAL_SECONDS
        self._worker.offer(Cue("cue", "soak", text, priority, now, now + seconds))

    def _hurt_engine(self, number: int) -> None:
        for pid, (_, command) in processes.children().items():
            if "edge.speech.voice_process" in command:
                hang = number % (self._plan.engine_every * self._plan.hang_every) == 0
                os.kill(pid, signal.SIGSTOP if hang else signal.SIGKILL)
                self._transcript.note("engine stopped" if hang else "engine killed", pid=pid)
                self._outcome.engine_stopped += hang
                self._outcome.engine_killed += not hang

    def _kill_player(self) -> None:
        pid = self._wait_for_player(5.0)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
                self._transcript.note("player killed", pid=pid)
                self._outcome.player_killed += 1

    def _wait_for_player(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for pid, (_, command) in processes.children().items():
                if str(self._folder) in command and "aplay" in command:
                    return pid
            time.sleep(0.005)
        return 0

    def _drain(self, where: str) -> None:
        if not self._worker.drain(PATIENCE_SECONDS):
            self._outcome.hangs.append(where)

    def _wait_for_owed(self) -> None:
        """What the sound card owed is heard within the urgent cues' expiry."""
        deadline = time.monotonic() + URGENT_SECONDS
        while time.monotonic() < deadline and set(self._urgent) - self._heard_whole():
            time.sleep(0.1)

    def _own_children(self) -> dict[int, tuple[str, str]]:
        return {pid: found for pid, found in processes.children().items() if pid not in self._others}

    def _look_for_zombies(self, number: int) -> None:
        for pid, (state, command) in self._own_children().items():
            if state == "Z" or "voice_process" not in command:
                self._outcome.left_over.append(f"at {number}: {pid} {state} {command}")

    def _measure(self) -> tuple[int, int, int]:
        return processes.resident_kib(), processes.open_files(), processes.threads()

    def _compare(self, base: tuple[int, int, int], end: tuple[int, int, int]) -> None:
        self._transcript.note("resident KiB, open files, threads", warm=base, end=end)
        limits = (LEAST_GROWTH_KIB, 1, 0)
        for name, first, last, limit in zip(("memory KiB", "open files", "threads"), base, end, limits):
            if last - first > limit:
                self._outcome.grown.append(f"{name} {first} -> {last}")

    def _on_fault(self, name: str, error: Exception | None) -> None:
        words = f"{name}: works again" if error is None else f"{name}: {error}"
        self._outcome.faults.append(words)
        self._transcript.note("fault", words=words)

    def _plays(self) -> list[tuple[str, bool]]:
        """Everything the player was given, as (text, whether it was played to its end)."""
        texts: list[str] = []
        whole: set[int] = set()
        at: dict[str, int] = {}
        for line in (self._folder / "heard").read_text().splitlines():
            word, pid, *sound = line.split()
            if word == "begin":
                at[pid] = len(texts)
                texts.append(self._named.texts.get(sound[0], "?"))
            else:
                whole.add(at[pid])
        return [(text, number in whole) for number, text in enumerate(texts)]

    def _heard_whole(self) -> set[str]:
        return {text for text, whole in self._plays() if whole}

    def _judge(self) -> None:
        plays = self._plays()
        for text, whole in plays:
            self._transcript.note("heard", text=text, whole=whole)
        whole = {text for text, ended in plays if ended}
        self._outcome.urgent = len(self._urgent)
        self._outcome.lost = [text for text in self._urgent if text not in whole]
        self._outcome.normal_heard = len(whole - set(self._urgent))


def _priority(urgent: bool) -> Priority:
    return Priority.NOW if urgent else Priority.NORMAL


def main(arguments: list[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="speech while everything it needs is taken away")
    parser.add_argument("--cues", type=int, default=1000)
    parser.add_argument("--engine", default="pyttsx3", choices=("pyttsx3", "espeak"))
    parser.add_argument("--transcript", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        stream = None
        if options.transcript is not None:
            stream = stack.enter_context(options.transcript.open("w", encoding="utf-8"))
        outcome = soak(Plan(options.cues, options.engine), Transcript(stream))
    out = sys.stdout
    out.write(
        f"{outcome.cues} cues in {outcome.seconds:.0f} s; the engine was killed {outcome.engine_killed} "
        f"times, hung {outcome.engine_stopped} times; the player was killed {outcome.player_killed} times\n"
        f"urgent: {outcome.urgent - len(outcome.lost)} of {outcome.urgent} heard whole\n"
        f"others heard whole: {outcome.normal_heard}\n"
    )
    for title, found in (
        ("lost", outcome.lost),
        ("hung at", outcome.hangs),
        ("left over", outcome.left_over),
        ("grown", outcome.grown),
        ("reported", outcome.faults),
    ):
        for each in found:
            out.write(f"{title}: {each}\n")
    out.write("passed\n" if outcome.good else "FAILED\n")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
