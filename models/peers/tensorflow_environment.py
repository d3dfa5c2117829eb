"""The environment of the peers that TensorFlow runs."""

from __future__ import annotations

from pathlib import Path

from export import side_environment

NAME = "peers-tensorflow"
REQUIREMENTS = (
    "tensorflow-cpu==2.20.0; platform_machine == 'x86_64'",
    "tensorflow==2.20.0; platform_machine != 'x86_64'",
    "setuptools==80.9.0",
    "numpy==2.2.6",
    "opencv-python-headless==4.12.0.88",
    "pandas==2.3.3",
    "pillow==11.3.0",
    "requests==2.32.5",
    "scikit-image==0.25.2",
    "tqdm==4.67.1",
)
"""What the peers import: setuptools for pkg_resources, which newer ones no longer bring."""
PEERS = ("fer==25.10.3",)
"""Without their own requirements: those name PyTorch, ffmpeg and a second OpenCV for video and detection."""


def command(script: Path) -> list[str]:
    """Runs a script there; the environment is made on first use. Raises SideEnvironmentError."""
    return [str(side_environment.python_of(NAME, REQUIREMENTS, without_dependencies=PEERS)), str(script)]


def exists() -> bool:
    """Whether it is there already."""
    return side_environment.exists(NAME, REQUIREMENTS, without_dependencies=PEERS)
