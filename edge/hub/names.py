"""The names and addresses this computer is reached by in the house."""

from __future__ import annotations

import fcntl
import ipaddress
import re
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

SIOCGIFADDR = 0x8915
"""Asks for the IPv4 address of an interface: netdevice(7)."""
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
"""Networks of houses, of a cable between two computers, and of private overlays; nothing else is named."""
_PRIVATE = [ipaddress.ip_network(network) for network in PRIVATE]
LOCAL_ENDINGS = ("local", "localhost", "lan", "home", "home.arpa", "internal")
"""Endings that belong to nobody in the internet."""
RESPONDERS = ("/run/avahi-daemon/pid", "/run/avahi-daemon/socket")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def names(further: Sequence[str]) -> list[str]:
    """Names for a certificate: those that were set, the host's own, NAME.local, localhost."""
    host = socket.gethostname().lower()
    own = [host, f"{host.split('.')[0]}.local"]
    found = [*(name.lower() for name in further), *(name for name in own if is_name(name)), "localhost"]
    return list(dict.fromkeys(name for name in found if not is_address(name)))


def addresses(further: Sequence[str] = ()) -> list[str]:
    """IPv4 addresses of every interface that lie in a private network, and those that were set."""
    found = {name for name in further if is_address(name)} | {"127.0.0.1"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, interface in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
            except OSError:  # it has none
                continue
            found.add(socket.inet_ntoa(answer[20:24]))
    return sorted(a for a in found if a in further or is_private(a))


def best(further: Sequence[str], responders: Sequence[str] = RESPONDERS) -> str:
    """The one to open on the phone: what was set, else NAME.local where somebody answers to it, else
    an address of the house's network, else this computer's own.

    A page is bound to the name it was opened by, so a name that stays is better than an address.
    """
    if further:
        return further[0].lower()
    if any(Path(path).exists() for path in responders):
        return next(name for name in names(()) if name.endswith(".local") or name == "localhost")
    return next((a for a in addresses() if not a.startswith(("127.", "169.254."))), "127.0.0.1")


def is_address(name: str) -> bool:
    """Whether this is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_private(name: str) -> bool:
    """Whether this is an address of a house's network."""
    return is_address(name) and any(ipaddress.ip_address(name) in network for network in _PRIVATE)


def is_name(name: str) -> bool:
    """Whether this can be a name in DNS."""
    return len(name) <= 253 and all(LABEL.fullmatch(label) for label in name.split("."))
