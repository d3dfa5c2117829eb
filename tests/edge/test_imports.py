"""The runtime imports nothing that a device does not have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORT_ALL = """
import importlib, pkgutil, sys

BLOCKED = {"torch", "onnx", "onnxruntime", "nncf", "safetensors", "export", "models"}

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Wall())
import edge

def refuse(name):
    raise ImportError(name)

for module in pkgutil.walk_packages(edge.__path__, "edge.", onerror=refuse):
    importlib.import_module(module.name)
    print(module.name)
"""


def test_every_module_imports_with_torch_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    on_disk = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).replace(".__init__", "")
        for path in (ROOT / "edge").rglob("*.py")
    }
    assert set(done.stdout.split()) | {"edge"} == on_disk
