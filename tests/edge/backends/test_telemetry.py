from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from edge.backends.openvino_core import OpenVinoBackend
from edge.errors import BackendError
try:
    OpenVinoBackend(None, "NOWHERE")
except BackendError as error:
    assert "NOWHERE is not there" in str(error), error
assert "openvino" in sys.modules
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry.")))
"""


def test_openvino_is_used_without_its_telemetry(tmp_path: Path) -> None:
    # Only outside of a build does OpenVINO report at all.
    builds = ("CI", "TF_BUILD", "JENKINS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in builds}
    environment["HOME"] = str(tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
