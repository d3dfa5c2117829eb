"""The password and the trust a connection starts with, read anew each time so that they can be changed."""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path
from typing import ClassVar

from edge.mqtt.faults import Refused
from edge.settings import MqttSettings

ALERT_SECONDS = 1.0


class WatchedSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho leaves to the garbage collector.

    alerts: collects what the broker said when it ended TLS afterwards, which paho throws away; TLS 1.3 tells
    only then that it does not like a certificate.
    """

    alerts: ClassVar[list[str]] = []

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.alerts.append(error.reason or str(error))
            raise


def password(settings: MqttSettings) -> str | None:
    """First line of the password file, None where none is set. Raises Refused."""
    if not settings.password_file:
        return None
    if not settings.username:
        raise Refused("mqtt.password_file is set but mqtt.username is not: set both or neither")
    path = Path(settings.password_file)
    try:
        first, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
    except OSError as error:
        raise Refused(
            f"the MQTT password file {path} cannot be read ({error.strerror}): "
            "correct mqtt.password_file or the file's owner"
        ) from error
    except UnicodeDecodeError:
        # Without the cause: its text holds bytes of the password.
        raise Refused(f"the MQTT password file {path} is not text in UTF-8: write it anew") from None
    if not first:
        raise Refused(f"the first line of the MQTT password file {path} is empty: write the password there")
    return first


def tls_context(settings: MqttSettings, said: list[str]) -> ssl.SSLContext:
    """Certificate and host name are always checked. said: as WatchedSocket.alerts. Raises Refused."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ValueError) as error:
        raise Refused(
            f"mqtt.ca_file {settings.ca_file} is not a readable certificate in PEM: "
            "give the certificate of the broker's authority"
        ) from error
    context.sslsocket_class = type("Watched", (WatchedSocket,), {"alerts": said})
    if settings.cert_file or settings.key_file:
        _show(context, settings)
    if settings.ca_file:
        # Python 3.13 asks of an authority's certificate what many made at home do not have.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def alert(settings: MqttSettings) -> str:
    """Why the broker ends TLS, in OpenSSL's words; nothing if it does not.

    On a connection of its own, on which nothing is said: what lies unread when a broker hangs up makes the
    system throw its last words away.
    """
    said: list[str] = []
    context = tls_context(settings, said)
    # Whatever else goes wrong has been told already.
    with (
        contextlib.suppress(OSError, ValueError),
        socket.create_connection((settings.host, settings.port), ALERT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=settings.host) as tls,
    ):
        tls.recv(1)
    return said[-1] if said else ""


def _show(context: ssl.SSLContext, settings: MqttSettings) -> None:
    """Give the broker this device's own certificate."""
    if not (settings.cert_file and settings.key_file):
        raise Refused("of mqtt.cert_file and mqtt.key_file only one is set: set both or neither")

    def no_password() -> str:
        # Without this OpenSSL would ask at the terminal, and wait.
        raise Refused(
            f"the key {settings.key_file} is locked with a password: give mqtt.key_file a key without one, "
            "in a file that only this user may read"
        )

    try:
        context.load_cert_chain(settings.cert_file, settings.key_file, no_password)
    except (OSError, ValueError) as error:
        why = "the key belongs to another certificate" if "MISMATCH" in str(error) else str(error)
        raise Refused(
            f"mqtt.cert_file {settings.cert_file} and mqtt.key_file {settings.key_file} cannot be used "
            f"({why}): give a certificate and its key, both in PEM, that this user may read"
        ) from error
