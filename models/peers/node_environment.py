"""The folder of npm packages that the JavaScript peers run in."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from export.side_environment import SideEnvironmentError, clean_environ, last_words

log = logging.getLogger(__name__)

PACKAGES = {
    "@tensorflow/tfjs": "4.22.0",
    "@tensorflow/tfjs-backend-wasm": "4.22.0",
    "@vladmandic/face-api": "1.7.15",
    "@vladmandic/human": "3.3.6",
}
"""Pinned exactly. The WebAssembly back-end needs no compiler and no binary from elsewhere."""
INSTALL_SECONDS = 900.0
NO_NODE = (
    "the peers in JavaScript need Node.js 18 or newer: install the packages nodejs and npm, or leave them out"
)


def folder_of() -> Path:
    """Where the packages are or will be: another folder for other versions."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    asked = hashlib.sha256(json.dumps(PACKAGES, sort_keys=True).encode()).hexdigest()[:12]
    return cache.absolute() / "facecue" / f"peers-node-{asked}"


def exists() -> bool:
    """Whether they are there already, and Node with them."""
    return shutil.which("node") is not None and folder_of().is_dir()


def command(script: Path) -> list[str]:
    """Runs a script with the packages' folder as its first argument.

    They are installed on first use. Raises SideEnvironmentError.
    """
    node = shutil.which("node")
    if node is None:
        raise SideEnvironmentError(NO_NODE)
    folder = folder_of()
    if not folder.is_dir():
        _install(folder)
    return [node, str(script), str(folder)]


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SideEnvironmentError(NO_NODE)
    log.info("setting up %s, once: %s", folder, ", ".join(f"{k} {v}" for k, v in PACKAGES.items()))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made aside and moved: a folder that is there is whole, whoever else sets one up now.
        with tempfile.TemporaryDirectory(prefix=folder.name, dir=folder.parent) as place:
            made = Path(place) / "made"
            made.mkdir()
            (made / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
            _npm_install(npm, made)
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
    except OSError as error:
        raise SideEnvironmentError(
            f"{folder} cannot be made ({error.strerror}): free some space, or name another folder in "
            "XDG_CACHE_HOME"
        ) from error


def _npm_install(npm: str, folder: Path) -> None:
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=clean_environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INSTALL_SECONDS,
        )
        said = last_words(done.stderr or done.stdout) if done.returncode else ""
    except subprocess.TimeoutExpired:
        said = f"it took longer than {INSTALL_SECONDS:.0f} s"
    if said:
        raise SideEnvironmentError(
            f"npm could not install {', '.join(PACKAGES)} ({said}): check the network connection and the "
            "free disk space, then run this again"
        )
