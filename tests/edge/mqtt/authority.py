"""An authority made at home, and certificates that it signs."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl")


@dataclass
class Certificates:
    ca: Path
    certificate: Path
    key: Path

    def lines(self) -> list[str]:
        return ["allow_anonymous true", f"certfile {self.certificate}", f"keyfile {self.key}"]


def openssl(*arguments: str) -> None:
    assert OPENSSL is not None
    subprocess.run([OPENSSL, *arguments], check=True, capture_output=True)


def make_authority(folder: Path, name: str) -> tuple[Path, Path]:
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", str(key), "-out", str(certificate)),
    )
    return key, certificate


def make_certificates(folder: Path) -> Certificates:
    """Those of a broker at 127.0.0.1."""
    if OPENSSL is None:
        pytest.skip("needs the command openssl")
    ca_key, ca = make_authority(folder, "home")
    key, request, certificate, names = (folder / f"broker.{kind}" for kind in ("key", "csr", "crt", "ext"))
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker"),
        *("-keyout", str(key), "-out", str(request)),
    )
    openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial"),
        *("-days", "2", "-extfile", str(names), "-out", str(certificate)),
    )
    return Certificates(ca, certificate, key)
