"""The password and the trust a connection starts with, read anew each time so that they can be changed."""

from __future__ import annotations

import ssl
from pathlib import Path

from edge.errors import MqttError
from edge.settings import MqttSettings


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def password(settings: MqttSettings) -> str | None:
    """First line of the password file, None where none is set. Raises MqttError."""
    if not settings.password_file:
        return None
    if not settings.username:
        raise MqttError("mqtt.password_file is set but mqtt.username is not: set both or neither")
    path = Path(settings.password_file)
    try:
        first, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
    except OSError as error:
        raise MqttError(
            f"the MQTT password file {path} cannot be read ({error.strerror}): "
            "correct mqtt.password_file or the file's owner"
        ) from error
    except UnicodeDecodeError:
        # Without the cause: its text holds bytes of the password.
        raise MqttError(f"the MQTT password file {path} is not text in UTF-8: write it anew") from None
    if not first:
        raise MqttError(f"the first line of the MQTT password file {path} is empty: write the password there")
    return first


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Certificate and host name are always checked. Raises MqttError."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ValueError) as error:
        raise MqttError(
            f"mqtt.ca_file {settings.ca_file} is not a readable certificate in PEM: "
            "give the certificate of the broker's authority"
        ) from error
    context.sslsocket_class = _ClosingSocket
    if settings.ca_file:
        # Python 3.13 asks of an authority's certificate what many made at home do not have.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
