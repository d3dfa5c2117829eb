"""The house's own authority: what phones accept, and when it is made anew."""

from __future__ import annotations

import ssl
import subprocess
import time
from pathlib import Path

import pytest

from edge.errors import HubError
from edge.hub import ca
from edge.hub.state import StateFolder

NAMES, ADDRESSES = ["pi.local", "localhost"], ["127.0.0.1", "192.168.1.10"]
DAY = 24 * 3600.0


@pytest.fixture
def state(needs_openssl: None, tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    there = time.time() + seconds
    monkeypatch.setattr(ca.time, "time", lambda: there)


def verifies(authority: Path, certificate: Path) -> bool:
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", authority, certificate],
        capture_output=True,
    )
    return done.returncode == 0


def test_the_certificate_is_one_that_phones_take(state: StateFolder) -> None:
    made, anew = ca.ensure(state, NAMES, ADDRESSES)
    assert anew
    assert verifies(made.ca, made.server)
    begins, ends = ca.validity(made.server)
    # Apple refuses more than 825 days.
    assert ends - begins < 825 * DAY
    shown = subprocess.run(
        ["openssl", "x509", "-in", made.server, "-noout", "-ext", "subjectAltName,extendedKeyUsage"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "DNS:pi.local, DNS:localhost, IP Address:127.0.0.1, IP Address:192.168.1.10" in shown
    assert "TLS Web Server Authentication" in shown
    assert made.server.stat().st_mode & 0o077 == 0
    assert state.file(ca.CA_KEY).stat().st_mode & 0o077 == 0


def test_a_second_start_keeps_it(state: StateFolder) -> None:
    made, _ = ca.ensure(state, NAMES, ADDRESSES)
    before = made.server.read_bytes(), made.ca.read_bytes()
    assert ca.ensure(state, NAMES, ADDRESSES) == (made, False)
    assert (made.server.read_bytes(), made.ca.read_bytes()) == before


def test_the_authority_may_not_speak_for_the_internet(state: StateFolder, tmp_path: Path) -> None:
    made, _ = ca.ensure(state, NAMES, ADDRESSES)
    stolen = {"ca": made.ca, "key": state.file(ca.CA_KEY)}
    for alternative in ("DNS:bank.example.com", "IP:93.184.216.34"):
        extension = tmp_path / "extension"
        extension.write_text(f"subjectAltName = {alternative}\n")
        key, request, forged = tmp_path / "key", tmp_path / "request", tmp_path / "forged"
        run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True)  # noqa: E731
        run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        run("req", "-new", "-key", key, "-subj", "/CN=x", "-out", request)
        run(
            *("x509", "-req", "-in", request, "-CA", stolen["ca"], "-CAkey", stolen["key"]),
            *("-set_serial", "7", "-extfile", extension, "-out", forged),
        )
        assert not verifies(made.ca, forged), alternative


def test_it_is_renewed_before_it_ends_by_the_same_authority(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = ca.ensure(state, NAMES, ADDRESSES)
    authority, before = made.ca.read_bytes(), made.server.read_bytes()
    later(monkeypatch, 360 * DAY)
    assert not ca.ensure(state, NAMES, ADDRESSES)[1]
    later(monkeypatch, 370 * DAY)
    assert ca.ensure(state, NAMES, ADDRESSES)[1]
    assert made.server.read_bytes() != before
    assert made.ca.read_bytes() == authority


def test_an_expired_one_is_made_anew(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.ensure(state, NAMES, ADDRESSES)
    later(monkeypatch, 500 * DAY)
    assert ca.ensure(state, NAMES, ADDRESSES)[1]


def test_another_address_needs_another_certificate_and_no_other_authority(state: StateFolder) -> None:
    made, _ = ca.ensure(state, NAMES, ADDRESSES)
    authority = made.ca.read_bytes()
    assert ca.ensure(state, NAMES, [*ADDRESSES, "192.168.1.77"])[1]
    assert made.ca.read_bytes() == authority
    assert verifies(made.ca, made.server)
    # A network that comes and goes does not cost every phone its connection each time.
    assert not ca.ensure(state, NAMES, ["127.0.0.1"])[1]
    assert not ca.ensure(state, NAMES, ADDRESSES)[1]


def test_a_name_that_the_authority_may_not_sign_is_told(state: StateFolder) -> None:
    ca.ensure(state, NAMES, ADDRESSES)
    with pytest.raises(HubError, match=r"may not sign for .*cue\.example\.org.*: delete it"):
        ca.ensure(state, ["cue.example.org", *NAMES], ADDRESSES)


def test_a_name_of_ones_own_is_allowed_from_the_start(state: StateFolder) -> None:
    made, _ = ca.ensure(state, ["cue.example.org", *NAMES], ADDRESSES)
    assert verifies(made.ca, made.server)


@pytest.mark.parametrize("name", ["a b", "-x", "a,DNS:evil.org", "a\nb"])
def test_what_is_no_name_is_refused(state: StateFolder, name: str) -> None:
    with pytest.raises(HubError, match=r"hub\.names"):
        ca.ensure(state, [name], ADDRESSES)


def test_a_damaged_certificate_is_made_anew(state: StateFolder) -> None:
    made, _ = ca.ensure(state, NAMES, ADDRESSES)
    made.server.write_text("no certificate")
    assert ca.ensure(state, NAMES, ADDRESSES)[1]
    assert verifies(made.ca, made.server)


def test_an_expired_authority_is_told(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.ensure(state, NAMES, ADDRESSES)
    later(monkeypatch, 3700 * DAY)
    with pytest.raises(HubError, match=r"the authority .* ended on .*: delete it"):
        ca.ensure(state, NAMES, ADDRESSES)


def test_a_clock_that_was_never_set_is_told(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ca.time, "time", lambda: 1000.0)
    with pytest.raises(HubError, match=r"the clock says 1970-01-01, .*: set it"):
        ca.ensure(state, NAMES, ADDRESSES)
    assert not state.file(ca.CA).exists()


def test_a_clock_before_the_authority_is_told(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.ensure(state, NAMES, ADDRESSES)
    later(monkeypatch, -2 * DAY)
    with pytest.raises(HubError, match=r"but the authority .* begins on .*: set the clock"):
        ca.ensure(state, NAMES, ADDRESSES)


def test_without_openssl_it_says_what_to_install(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HubError, match="openssl is not installed: sudo apt-get install openssl"):
        ca.ensure(state, NAMES, ADDRESSES)


def test_python_takes_it_for_the_names_in_it(state: StateFolder) -> None:
    made, _ = ca.ensure(state, NAMES, ADDRESSES)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.server)
    for name, right in (("pi.local", True), ("192.168.1.10", True), ("other.local", False)):
        client = ssl.create_default_context(cafile=str(made.ca))
        assert _shakes_hands(client, server, name) is right, name


def _shakes_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError:
                return False
    return True
