"""How sources are named in messages: readable, on one line, and without passwords."""

from __future__ import annotations

import os
import re
from pathlib import Path

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def without_credentials(uri: str) -> str:
    """An address without user, password and query, fit for messages and logs.

    Everything up to the last "@" goes, because passwords are often pasted in unescaped; so does
    the query and any part of the path with a "=", where cheap cameras want the password.
    """
    scheme = SCHEME.match(uri)
    if scheme is None:
        return shown(uri)
    address = uri[scheme.end() :].rpartition("@")[2]
    address = re.split(r"[?#;]", address)[0]
    parts = ["..." if "=" in part else part for part in address.split("/")]
    return shown(scheme.group() + "/".join(parts))


def shown(path: str | Path) -> str:
    """A path as text that any terminal can print on one line."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)
