"""The pinned versions fit what pyproject.toml asks for, on every supported Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# Left to the requirement itself, which names one version.
PINS_ITSELF = ("torch",)


def asked(python: str, extras: tuple[str, ...]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    found = [Requirement(line) for line in lines]
    return [item for item in found if item.name != "facecue" and holds(item, python)]


def holds(requirement: Requirement, python: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"python_version": python})


def pinned(python: str, *files: str) -> dict[str, str]:
    versions: dict[str, str] = {}
    for file in files:
        for line in (ROOT / "constraints" / file).read_text().splitlines():
            if line.startswith(("#", "-c")):
                continue
            pin = Requirement(line)
            if holds(pin, python):
                assert pin.name not in versions, f"{pin.name} is pinned twice for Python {python}"
                versions[pin.name] = str(pin.specifier).removeprefix("==")
    return versions


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("extras", "files"),
    [(("voice",), ("device.txt",)), (("voice", "dev", "export", "train"), ("device.txt", "test.txt"))],
    ids=["device", "test"],
)
def test_every_dependency_is_pinned_to_a_version_that_fits(
    python: str, extras: tuple[str, ...], files: tuple[str, ...]
) -> None:
    if python == "3.9":
        extras = tuple(extra for extra in extras if extra not in ("export", "train"))
    versions = pinned(python, *files)
    wanted = asked(python, extras)
    assert len(wanted) > 4
    for requirement in wanted:
        if requirement.name in PINS_ITSELF:
            assert str(requirement.specifier).startswith("==")
        else:
            assert requirement.specifier.contains(versions[requirement.name]), requirement
