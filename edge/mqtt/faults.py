"""What can go wrong with a broker, told apart in one sentence each."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone

from paho.mqtt.reasoncodes import ReasonCode

from edge.errors import MqttError
from edge.settings import MqttSettings

UNSUPPORTED_VERSION = 132
SERVER_UNAVAILABLE = 136
BAD_PASSWORD = 134
NOT_AUTHORIZED = 135
CLIENT_ID_REFUSED = 133
TAKEN_OVER = 142
# Sources: MQTT 5.0, 3.2.2.2 and 3.14.2.1; paho gives the codes of 3.1.1 by the same numbers.
NOT_YET_VALID, EXPIRED = 9, 10
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""
CERTIFICATE_ALERTS = ("unknown ca", "bad certificate", "certificate unknown", "revoked", "unsupported cert")


class Refused(MqttError):
    """What fails in the same way until somebody changes a setting, a right, a certificate or a clock."""


def place(settings: MqttSettings) -> str:
    """host:port, as in every sentence here."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def unreachable(settings: MqttSettings, error: Exception) -> MqttError:
    """No connection: name, network, port or TLS."""
    where = place(settings)
    seconds = f"{settings.connect_timeout_seconds:g} s"
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return MqttError(f"the name of the MQTT broker {where} is not known: check mqtt.host and the network")
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in (EXPIRED, NOT_YET_VALID):
        return Refused(
            f"the certificate of the MQTT broker {where} does not hold at this time "
            f"({error.verify_message}): renew it, or set the clock of this device, which says "
            f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return Refused(
            f"the certificate of the MQTT broker {where} is not trusted ({error.verify_message}): "
            "set mqtt.ca_file to the authority that signed it, and mqtt.host to a name in it"
        )
    if isinstance(error, socket.timeout):
        if settings.tls and "handshake" in str(error):
            return MqttError(
                f"the MQTT broker {where} did not answer to TLS within {seconds}: "
                "check that mqtt.port is its TLS port, usually 8883"
            )
        return MqttError(
            f"the MQTT broker {where} did not answer within {seconds}: "
            "check mqtt.host, mqtt.port and the network"
        )
    if isinstance(error, ConnectionRefusedError):
        return MqttError(f"no MQTT broker listens at {where}: start it, or correct mqtt.host and mqtt.port")
    if isinstance(error, ssl.SSLError) and (fault := certificate_refused(settings, _reason(error))):
        return fault
    if settings.tls and isinstance(error, (ssl.SSLError, ConnectionError)):
        return MqttError(
            f"the MQTT broker {where} does not speak TLS there ({_reason(error)}): "
            "set mqtt.port to its TLS port, usually 8883, or mqtt.tls to false"
        )
    return MqttError(
        f"the MQTT broker {where} cannot be reached ({_reason(error)}): check mqtt.host and the network"
    )


def refused(settings: MqttSettings, reason: ReasonCode) -> MqttError:
    """The broker answered and said no."""
    where = place(settings)
    if reason.value in (BAD_PASSWORD, NOT_AUTHORIZED) and not settings.username:
        return Refused(f"the MQTT broker {where} wants a user name: set mqtt.username and mqtt.password_file")
    if reason.value == BAD_PASSWORD:
        return Refused(
            f"the MQTT broker {where} refuses the password of {settings.username!r}: "
            "check mqtt.username and mqtt.password_file"
        )
    if reason.value == NOT_AUTHORIZED:
        return Refused(
            f"the MQTT broker {where} does not let {settings.username!r} in (not authorised): "
            "check mqtt.username, mqtt.password_file and the broker's own list of users"
        )
    if reason.value == SERVER_UNAVAILABLE:
        return MqttError(f"the MQTT broker {where} says that it is not available now: try again later")
    if reason.value == CLIENT_ID_REFUSED:
        return Refused(
            f"the MQTT broker {where} refuses the client's name: set mqtt.device to a short plain word"
        )
    if reason.value == UNSUPPORTED_VERSION:
        return Refused(f"the MQTT broker {where} speaks neither MQTT 5 nor 3.1.1: use another broker")
    return Refused(f"the MQTT broker {where} refuses the connection ({reason}): look into the broker's log")


def certificate_refused(settings: MqttSettings, alert: str) -> MqttError | None:
    """The broker ends TLS because of this device's certificate; None where `alert` says something else.

    alert: the reason in OpenSSL's words.
    """
    where, said = place(settings), alert.casefold().replace("_", " ")
    if "certificate required" in said or ("handshake failure" in said and not settings.cert_file):
        return Refused(
            f"the MQTT broker {where} wants a certificate of this device: "
            "set mqtt.cert_file and mqtt.key_file"
        )
    if "certificate expired" in said:
        return Refused(
            f"the MQTT broker {where} says that this device's certificate has expired: "
            f"put a new one into {settings.cert_file}"
        )
    if "alert" in said and any(word in said for word in CERTIFICATE_ALERTS):
        return Refused(
            f"the MQTT broker {where} does not trust this device's certificate {settings.cert_file} "
            f"({said.rpartition('alert ')[2]}): have it signed by the authority that the broker trusts"
        )
    return None


def frozen(settings: MqttSettings, seconds: float) -> MqttError:
    """The connection stands, but nothing is answered on it."""
    return MqttError(
        f"the MQTT broker {place(settings)} has not answered for {seconds:g} s: "
        "check the broker and the network; facecue keeps trying"
    )


def no_answer(settings: MqttSettings) -> MqttError:
    """Connected, but not a word of MQTT came back."""
    seconds = f"{settings.connect_timeout_seconds:g} s"
    return MqttError(f"{place(settings)} did not answer in MQTT within {seconds}: {_advice(settings)}")


def hung_up(settings: MqttSettings) -> MqttError:
    """Connected, and closed by the other side before a word of MQTT."""
    return MqttError(
        f"{place(settings)} closed the connection without an answer in MQTT: {_advice(settings)}"
    )


def lost(settings: MqttSettings, reason: ReasonCode | None) -> MqttError:
    """An accepted connection has ended. reason: what the broker gave, if it said goodbye."""
    where = place(settings)
    if reason is not None and reason.value == TAKEN_OVER:
        return MqttError(
            f"another program uses this device's name at the MQTT broker {where}: "
            "stop it, or set mqtt.device to another name"
        )
    said = f" ({reason})" if reason is not None else ""
    return MqttError(
        f"the connection to the MQTT broker {where} is lost{said}: "
        "check the broker, the network, and that no other device has this name; facecue keeps trying"
    )


def unexpected(settings: MqttSettings, error: Exception) -> MqttError:
    """Something no one thought of."""
    return MqttError(
        f"publishing to the MQTT broker {place(settings)} failed unexpectedly ({error!r}): "
        "report this; facecue keeps trying"
    )


def denied(settings: MqttSettings, topic: str, reason: ReasonCode) -> MqttError:
    """The broker took a message and threw it away."""
    return Refused(
        f"the MQTT broker {place(settings)} refuses what is published on {topic} ({reason}): "
        "give this user the right to write there"
    )


def deaf(settings: MqttSettings, topic_filter: str, reason: ReasonCode) -> MqttError:
    """The broker does not let this device hear its commands."""
    return MqttError(
        f"the MQTT broker {place(settings)} refuses the subscription to {topic_filter} ({reason}), so no "
        "command from there is obeyed: give this user the right to read there, or set mqtt.commands to false"
    )


def _advice(settings: MqttSettings) -> str:
    if settings.tls:
        return "check that mqtt.port is an MQTT port, and that the broker asks for no client certificate"
    return "if that is its TLS port, set mqtt.tls to true; otherwise check mqtt.port"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__
