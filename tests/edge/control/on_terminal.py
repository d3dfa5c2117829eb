"""Stands for the shell of a terminal, with facecue in front: on_terminal.py TTY ARGUMENT...

It tells facecue's process on the terminal, and how it ended, and lives on: the end of the shell would be the
end of the terminal.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

# The first terminal that the leader of a session opens becomes the session's.
terminal = os.open(sys.argv[1], os.O_RDWR)
# A shell may take its terminal back although it is in the background.
signal.signal(signal.SIGTTOU, signal.SIG_IGN)


def in_front() -> None:
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


facecue = subprocess.Popen(
    [sys.executable, "-m", "edge.cli", *sys.argv[2:]],
    stdin=terminal,
    stdout=terminal,
    stderr=terminal,
    preexec_fn=in_front,
)
os.write(terminal, f"facecue is {facecue.pid}.\n".encode())
status = facecue.wait()
os.tcsetpgrp(terminal, os.getpgrp())
os.write(terminal, f"ended with {status}.\n".encode())
signal.pause()
