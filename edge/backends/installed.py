"""Which version of a package Python would import, found without importing it."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

VERSION_FILES = ("runtime/version.txt", "deployment_tools/inference_engine/version.txt")
"""Where Intel's archives (2022, 2021) have their version, from the folder they were unpacked to."""


def version(package: str) -> str | None:
    """The version of an installed package, or None if there is none."""
    place = _place(package)
    if place is None:
        return None
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return _of_archive(place)
    # What setupvars.sh of an archive puts into PYTHONPATH goes before what pip installed.
    return found.version if Path(str(found.locate_file(package))).resolve() == place else _of_archive(place)


def _place(package: str) -> Path | None:
    spec = PathFinder.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).resolve() if places else None


def _of_archive(place: Path) -> str | None:
    """The version of an OpenVINO that was unpacked, not installed: PLACE/python/python3.X/openvino."""
    for root in list(place.parents)[:4]:
        for name in VERSION_FILES:
            if (root / name).is_file():
                return (root / name).read_text(encoding="utf-8").strip().split("-")[0]
    # Without that file the API tells the year well enough to choose the right backend.
    if (place / "inference_engine").is_dir():
        return "2022" if (place / "runtime").is_dir() else "2021"
    return None
