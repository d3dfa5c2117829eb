"""Pages over HTTPS: what is served, to whom, and what never is."""

from __future__ import annotations

import json
import socket
import ssl
import time
from pathlib import Path

import hubhelp
import pytest
from hubhelp import get, plain

from edge.hub import files, status
from edge.hub.hub import Hub
from edge.hub.messages import Request
from edge.settings import Settings

Shared = tuple[Hub, Settings]


def test_the_phone_page_is_served_and_its_certificate_verified(shared: Shared) -> None:
    hub, _ = shared
    code, headers, body = get(hub, "/")
    assert (code, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>phone</title>" in body
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert get(hub, "/main.js")[1]["content-type"] == "text/javascript; charset=utf-8"


def test_who_does_not_know_the_authority_gets_no_page(shared: Shared) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        get(shared[0], "/", context=ssl.create_default_context())


def test_a_browser_that_has_the_file_gets_none_again(shared: Shared) -> None:
    hub, _ = shared
    tag = get(hub, "/main.js")[1]["etag"]
    assert get(hub, "/main.js", If_None_Match=tag)[::2] == (304, b"")


def test_head_has_no_body(shared: Shared) -> None:
    code, headers, body = get(shared[0], "/", method="HEAD")
    assert (code, body) == (200, b"") and int(headers["content-length"]) > 0


def test_other_methods_are_refused(shared: Shared) -> None:
    assert get(shared[0], "/", method="DELETE")[0] == 501


@pytest.mark.parametrize(
    "path",
    [
        "/../state/ca.key",
        "/%2e%2e/state/ca.key",
        "/..%2fstate%2fca.key",
        "/status/../../state/ca.key",
        "/status/%2e%2e/ca.py",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/main.js%00.html",
        "/.hidden.js",
        "/..\\state\\ca.key",
        "/out.js",
        "/notes.py",
        "/%ff%fe",
    ],
)
def test_nothing_outside_of_the_page_is_served(shared: Shared, path: str) -> None:
    hub, made = shared
    page = Path(made.hub.page_folder)
    (page / ".hidden.js").write_text("secret")
    (page / "notes.py").write_text("secret")
    if not (page / "out.js").is_symlink():
        (page.parent / "secret.js").write_text("secret")
        (page / "out.js").symlink_to(page.parent / "secret.js")
    code, _, body = get(hub, path)
    assert code in (400, 404), path
    assert b"secret" not in body and b"PRIVATE" not in body and b"root:" not in body


def test_plain_http_gives_the_authority_and_how_to_install_it_and_nothing_else(shared: Shared) -> None:
    hub, _ = shared
    first = plain(hub.server.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"200 OK" in first and b"Install a certificate" in first and b"Certificate Trust Settings" in first
    assert b"{" not in first.split(b"</style>")[1]
    authority = plain(hub.server.port, b"GET /ca.crt HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert b"application/x-x509-ca-cert" in authority
    assert hub.certificates.ca.read_bytes() in authority
    token = hub.state.secret(status.TOKEN)
    for path in ("/main.js", "/status/", "/status/live.json", "/mqtt"):
        request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        assert b" 426 " in plain(hub.server.port, request.encode()).splitlines()[0], path


def test_the_status_is_open_on_this_computer_alone(shared: Shared) -> None:
    hub, _ = shared
    code, headers, body = get(hub, "/status/live.json")
    assert code == 200 and headers["cache-control"] == "no-store"
    assert json.loads(body)["broker"]["name"] == "mosquitto"


def test_a_strangers_page_in_this_computers_browser_needs_the_token(shared: Shared) -> None:
    hub, _ = shared
    # Its name was made to point here (DNS rebinding); or the request was passed on by a proxy.
    for headers in ({"Host": "evil.example"}, {"X_Forwarded_For": "10.0.0.9"}, {"Via": "1.1 somebody"}):
        assert get(hub, "/status/live.json", **headers)[0] == 401, headers
        assert get(hub, "/status/settings.json", **headers)[0] == 401, headers


def test_beyond_this_computer_the_token_opens_and_nothing_else_does(shared: Shared) -> None:
    hub, _ = shared
    token = hub.state.secret(status.TOKEN)
    far = {"Host": "evil.example"}
    assert get(hub, "/status/live.json", Authorization=f"Bearer {token}", **far)[0] == 200
    for wrong in (f"Bearer {token[:-1]}", f"Basic {token}", "Bearer", "Bearer ", token, f"Bearer {token}é"):
        assert (
            get(hub, "/status/live.json", Authorization=wrong.encode().decode("latin-1"), **far)[0] == 401
        ), wrong
    # Never in the address: that stands in logs and in the browser's history.
    assert get(hub, f"/status/live.json?token={token}", **far)[0] == 401


@pytest.mark.parametrize(
    ("local", "secure", "given", "right"),
    [
        (True, True, "", True),
        (False, True, "", False),
        (False, True, "Bearer good", True),
        (False, False, "Bearer good", False),
        (False, True, "Bearer bad", False),
    ],
)
def test_who_may_see_the_status(local: bool, secure: bool, given: str, right: bool) -> None:
    assert status.allowed(Request("/", {"authorization": given}, local, secure), "good") is right


def test_the_status_page_itself_holds_nothing_and_needs_nothing(shared: Shared) -> None:
    hub, _ = shared
    assert get(hub, "/status", Host="evil.example")[1]["location"] == "/status/"
    for name in ("", "status.js", "status.css"):
        assert get(hub, f"/status/{name}", Host="evil.example")[0] == 200, name


def test_a_connection_that_says_nothing_holds_nobody_up(shared: Shared) -> None:
    hub, _ = shared
    with (
        socket.create_connection(("localhost", hub.server.port)),
        socket.create_connection(("localhost", hub.server.port)) as half,
    ):
        half.sendall(b"\x16\x03")
        began = time.monotonic()
        assert get(hub, "/")[0] == 200
        assert time.monotonic() - began < 5.0


def test_without_a_built_page_it_says_how_to_build_it(shared: Shared, tmp_path: Path) -> None:
    from edge.hub.site import Site, page_folder

    assert page_folder(str(tmp_path)) is None
    site = Site(None, tmp_path, "", "", lambda: "", dict, dict)
    answer = site.answer(Request("/"))
    assert answer.status == 200 and b"npm run build" in answer.body
    assert site.answer(Request("/main.js")).status == 404


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big.js").write_bytes(b"x" * 200)
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    assert files.answer(tmp_path, "big.js", Request("/big.js")).status == 404


def test_more_connections_than_a_house_has_are_turned_away_and_it_recovers(shared: Shared) -> None:
    hub, _ = shared
    from edge.hub.server import MOST_CONNECTIONS

    many = [socket.create_connection(("localhost", hub.server.port)) for _ in range(MOST_CONNECTIONS + 8)]
    try:
        many[-1].settimeout(hubhelp.PATIENCE_SECONDS)
        assert many[-1].recv(1) == b""
    finally:
        for one in many:
            one.close()

    def answers() -> bool:
        try:
            return get(hub, "/")[0] == 200
        except OSError:
            return False

    hubhelp.wait_until(answers, "it answers again")
