"""A child that outlived its parent would block the stick."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stick_help import children, running, until

ROOT = Path(__file__).resolve().parents[3]
PARENT = """
import sys, time
from pathlib import Path
from edge.backends import runtimes
from edge.model_folder import open_folder
from edge.settings import StickSettings
from edge.stick.supervised import SupervisedStick
folder = open_folder(Path(sys.argv[1]), "auto", runtimes.find().accepted("CPU"))
processor = runtimes.find().open(folder, "CPU")
stick = SupervisedStick(folder, "fake", processor, print, StickSettings(), wait_for_boot=True)
print("ready" if stick.ready else "not ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("state", ["idle", "stopped"])
def test_the_child_ends_with_its_parent_however_it_ends(tiny_folder: Path, state: str) -> None:
    shared = sorted(Path("/dev/shm").iterdir())
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tiny_folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        try:
            assert parent.stdout.readline() == "ready\n"
            (child,) = children(parent.pid)
            if state == "stopped":
                os.kill(child, signal.SIGSTOP)
            assert running(child)
        finally:
            parent.kill()
    until(lambda: not running(child))
    assert sorted(Path("/dev/shm").iterdir()) == shared
