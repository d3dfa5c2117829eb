"""An authority of the house's own and the certificate it signs for this computer, by the openssl program.

The program is there on every Raspberry Pi OS; a package for Python would be one more thing to install.
The authority may only sign for names of the house (RFC 5280, 4.2.1.10), so that a phone that trusts it
does not trust whoever steals its key with the rest of the internet.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from edge.errors import HubError
from edge.hub.names import LOCAL_ENDINGS, PRIVATE, is_name, is_private
from edge.hub.state import StateFolder

log = logging.getLogger(__name__)

CA, CA_KEY, SERVER = "ca.crt", "ca.key", "server.pem"
CA_DAYS = 3650
SERVER_DAYS = 397
"""Phones refuse more than 825."""
RENEW_SECONDS = 30 * 24 * 3600
FIRST_YEAR = 2025
"""A Raspberry Pi has no clock of its own: an earlier year means it was never set."""
ANSWER_SECONDS = 60.0
MOST_ADDRESSES = 32


@dataclass(frozen=True)
class Certificates:
    """ca: what phones install. server: certificate and key of this computer in one file."""

    ca: Path
    server: Path


def ensure(state: StateFolder, names: Sequence[str], addresses: Sequence[str]) -> tuple[Certificates, bool]:
    """Certificates for these names; whether the server's was made anew.

    It is, where there was none, it ends within 30 days or another name is wanted. Addresses of the house
    that it had stay in it: a network that comes and goes needs no new one each time. Raises HubError.
    """
    check_clock(time.time())
    for name in names:
        if not is_name(name):
            raise HubError(f"hub.names: {name!r} is neither a name nor an address of a computer")
    found = Certificates(state.file(CA), state.file(SERVER))
    if not found.ca.exists() or not state.file(CA_KEY).exists():
        _make_authority(state, names, addresses)
        log.info("hub: made an authority of its own in %s", found.ca)
    begins, ends = validity(found.ca)
    if time.time() > ends:
        raise HubError(
            f"the authority {found.ca} ended on {_day(ends)}: "
            f"delete it and {state.file(CA_KEY)}, start the hub, and install the new one on every phone"
        )
    if time.time() < begins:
        raise HubError(
            f"the clock says {_day(time.time())}, but the authority {found.ca} begins on {_day(begins)}: "
            "set the clock (sudo timedatectl set-ntp true)"
        )
    listed = state.file("server.names")
    known = listed.read_text(encoding="utf-8").split() if listed.exists() else []
    if {*names, *addresses} <= set(known) and _is_good(found):
        return found, False
    kept = [a for a in known if is_private(a) and a not in addresses]
    addresses = [*addresses, *kept][:MOST_ADDRESSES]
    _make_server(state, found, names, addresses)
    state.write(listed.name, "".join(f"{name}\n" for name in [*names, *addresses]))
    log.info("hub: made a certificate for %s", ", ".join([*names, *addresses]))
    return found, True


def check_clock(now: float) -> None:
    """Raises HubError while the clock was never set: certificates would be wrong for ever."""
    if time.gmtime(now).tm_year < FIRST_YEAR:
        raise HubError(
            f"the clock says {_day(now)}, and phones refuse certificates with a wrong date: "
            "set it (sudo timedatectl set-ntp true, with the network connected), then start the hub again"
        )


def validity(certificate: Path) -> tuple[float, float]:
    """When it begins and ends, in seconds since 1970. Raises HubError."""
    printed = _openssl("x509", "-in", str(certificate), "-noout", "-startdate", "-enddate")
    dates = dict(line.partition("=")[::2] for line in printed.splitlines())
    try:
        return ssl.cert_time_to_seconds(dates["notBefore"]), ssl.cert_time_to_seconds(dates["notAfter"])
    except (KeyError, ValueError) as error:
        raise HubError(f"{certificate} is no certificate: delete it, the hub makes it anew") from error


def fingerprint(certificate: Path) -> str:
    """SHA-256 in hexadecimal pairs, as phones show it."""
    return (
        _openssl("x509", "-in", str(certificate), "-noout", "-sha256", "-fingerprint").strip().split("=")[-1]
    )


def _is_good(found: Certificates) -> bool:
    try:
        begins, ends = validity(found.server)
        _openssl("verify", "-CAfile", str(found.ca), str(found.server))
    except HubError:
        return False
    return begins <= time.time() < ends - RENEW_SECONDS


def _make_authority(state: StateFolder, names: Sequence[str], addresses: Sequence[str]) -> None:
    endings = dict.fromkeys([*LOCAL_ENDINGS, *names])
    allowed = [f"permitted;DNS.{i} = {name}" for i, name in enumerate(endings)]
    networks = [_with_mask(network) for network in PRIVATE]
    networks += [f"{a}/255.255.255.255" for a in addresses if ":" not in a]
    allowed += [f"permitted;IP.{i} = {network}" for i, network in enumerate(networks)]
    text = f"""[req]
distinguished_name = subject
prompt = no
[subject]
O = facecue
CN = facecue at {names[0][:40]}
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, @allowed
[allowed]
""" + "\n".join(allowed)
    with _work(state) as folder:
        (folder / "conf").write_text(text, encoding="utf-8")
        key = _key()
        (folder / "key").write_text(key, encoding="ascii")
        made = _openssl(
            *("req", "-x509", "-new", "-sha256", "-days", str(CA_DAYS), "-key", str(folder / "key")),
            *("-config", str(folder / "conf"), "-extensions", "ca"),
        )
    # The key first: without the certificate both are made anew.
    state.write(CA_KEY, key)
    state.write(CA, made, 0o644)


def _make_server(
    state: StateFolder, found: Certificates, names: Sequence[str], addresses: Sequence[str]
) -> None:
    alternatives = [f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses]
    text = f"""[req]
distinguished_name = subject
prompt = no
[subject]
CN = {names[0][:60]}
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {", ".join(alternatives)}
"""
    with _work(state) as folder:
        conf, key, request, made = (folder / name for name in ("conf", "key", "request", "made"))
        conf.write_text(text, encoding="utf-8")
        key.write_text(_key(), encoding="ascii")
        _openssl("req", "-new", "-key", str(key), "-config", str(conf), "-out", str(request))
        _openssl(
            *("x509", "-req", "-sha256", "-days", str(SERVER_DAYS), "-in", str(request), "-out", str(made)),
            *("-CA", str(found.ca), "-CAkey", str(state.file(CA_KEY))),
            *("-set_serial", f"0x{secrets.token_hex(15)}", "-extfile", str(conf), "-extensions", "server"),
        )
        try:
            _openssl("verify", "-CAfile", str(found.ca), str(made))
        except HubError as error:
            raise HubError(
                f"the authority {found.ca} may not sign for {', '.join([*names, *addresses])}: "
                f"delete it, start the hub, and install the new one on every phone ({error})"
            ) from error
        state.write(SERVER, made.read_text(encoding="ascii") + key.read_text(encoding="ascii"))


def _key() -> str:
    return _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")


def _with_mask(network: str) -> str:
    address, _, bits = network.partition("/")
    mask = (0xFFFFFFFF << (32 - int(bits))) & 0xFFFFFFFF
    return f"{address}/{'.'.join(str(mask >> shift & 255) for shift in (24, 16, 8, 0))}"


@contextmanager
def _work(state: StateFolder) -> Iterator[Path]:
    """A folder for one making, which nobody else may enter."""
    with tempfile.TemporaryDirectory(dir=state.path, prefix=".making-") as name:
        yield Path(name)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")


def _openssl(*arguments: str) -> str:
    """What it prints. Raises HubError with its last words."""
    program = shutil.which("openssl")
    if program is None:
        raise HubError("the program openssl is not installed: sudo apt-get install openssl")
    try:
        done = subprocess.run(  # noqa: S603
            [program, *arguments],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            stdin=subprocess.DEVNULL,
            # A configuration of the system's could ask for anything.
            env={**os.environ, "OPENSSL_CONF": os.devnull, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HubError(f"openssl {arguments[0]} did not end: {error}") from error
    if done.returncode != 0:
        words = " ".join((done.stderr or done.stdout).split())[-200:]
        raise HubError(f"openssl {arguments[0]} failed: {words}")
    return done.stdout
