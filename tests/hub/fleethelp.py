"""A mosquitto for the tests of a fleet."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

SYSTEM_PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
MOSQUITTO = shutil.which("mosquitto", path=SYSTEM_PATH)
PATIENCE_SECONDS = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One on a free port, with lines of configuration; may be killed and started again."""

    def __init__(self, folder: Path, name: str, lines: str) -> None:
        self.port = free_port()
        self._config = folder / f"{name}.conf"
        self._config.write_text(
            f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\nlog_dest none\n{lines}"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None and time.monotonic() < deadline, "mosquitto does not start"
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it as a person would; it keeps sessions where it is told to."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()
        self._process = None
