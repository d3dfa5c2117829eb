"""Every link between the documents leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(
        part.startswith(".") or part in ("runs", "node_modules") for part in path.relative_to(ROOT).parts
    )
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_resolve(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in link:
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


def test_there_are_documents() -> None:
    assert {"README.md", "CHANGELOG.md"} <= {p.name for p in DOCUMENTS}
