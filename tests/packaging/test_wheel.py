"""What is installed is complete: the wheel has the model, the clips and everybody's licence."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("edge", "export", "models")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy of the sources: building writes beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder]
    done = subprocess.run([*command, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("facecue-*.whl")
    return zipfile.ZipFile(built)


def installed_files() -> list[str]:
    found = [path for path in (ROOT / "edge" / "assets").rglob("*") if path.is_file()]
    found += [path for path in (ROOT / "models" / "released").rglob("*") if path.is_file()]
    found += (ROOT / "models" / "recipes").glob("*.toml")
    found += (ROOT / "models" / "evaluation").glob("*.j2")
    found += (ROOT / "models" / "peers" / "scripts").glob("*.mjs")
    found += (ROOT / "models").glob("*.json")
    found += (ROOT / "edge" / "mqtt" / "schema").glob("*.json")
    found += (ROOT / "edge" / "locale").rglob("*.mo")
    found += (ROOT / "edge" / "hub" / "page").glob("*")
    for package in PACKAGES:
        found += (ROOT / package).rglob("*.py")
    return sorted(str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts)


def test_wheel_holds_every_file_unchanged(wheel: zipfile.ZipFile) -> None:
    expected = installed_files()
    assert "edge/assets/clips/langer.mp4" in expected
    held = set(wheel.namelist())
    assert [name for name in expected if name not in held] == []
    assert [name for name in expected if wheel.read(name) != (ROOT / name).read_bytes()] == []


def test_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    others = {name for name in wheel.namelist() if ".dist-info/" not in name} - set(installed_files())
    assert others == set()


def test_wheel_carries_the_licences(wheel: zipfile.ZipFile) -> None:
    for name in ("LICENSE", "THIRD_PARTY.md"):
        (held,) = (entry for entry in wheel.namelist() if entry.endswith(f".dist-info/licenses/{name}"))
        assert wheel.read(held) == (ROOT / name).read_bytes()


def test_wheel_asks_for_no_training_package_unless_told(wheel: zipfile.ZipFile) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    wanted = re.findall(r"^Requires-Dist: (\S+?)[<>=;\[ ](.*)$", wheel.read(metadata).decode(), re.MULTILINE)
    always = {name for name, rest in wanted if "extra ==" not in rest}
    assert "openvino" in always
    assert always.isdisjoint({"torch", "onnx", "onnxruntime", "nncf", "safetensors", "facecue"})


def test_every_asset_is_attributed_with_its_hash() -> None:
    assets = ROOT / "edge" / "assets"
    text = (ROOT / "THIRD_PARTY.md").read_text()
    table = dict(re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|", text, re.MULTILINE))
    # What a person sees in the clips was written down for facecue.
    files = [path for path in assets.rglob("*") if path.is_file() and path.name != "truth.toml"]
    assert table == {
        path.relative_to(assets).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
