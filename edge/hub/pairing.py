"""The link that pairs a phone, and its picture for a terminal.

The secret stands behind the "#", which a browser never sends, so no server and no log gets it.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

import numpy as np
import numpy.typing as npt

QUIET_ZONE = 4
"""Light modules around the code (ISO/IEC 18004, 6.3.8)."""


def address(host: str, port: int, scheme: str = "https") -> str:
    """<https://host:port/>"""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}/"


def link(page: str, device: str, prefix: str, user: str, password: str, broker: str = "") -> str:
    """The page's address with everything the phone needs behind the "#".

    broker: wss:// address; empty: the page's own /mqtt. deploy/phone/src/pairing.js reads it.
    """
    fields = {"device": device, "user": user, "password": password}
    if prefix != "facecue":
        fields["prefix"] = prefix
    if broker:
        fields["broker"] = broker
    return f"{page}#{urlencode(fields, quote_via=quote)}"


def status_link(page: str, token: str) -> str:
    """The status page with its token behind the "#"."""
    return f"{page}status/#token={token}"


def spoken(host: str, port: int) -> str:
    """An address for the ear: a browser adds what is left out, but the port."""
    return f"{host.replace('.', ' dot ').replace('-', ' dash ')} colon {' '.join(str(port))}"


def modules(text: str) -> npt.NDArray[np.bool_]:
    """The QR code as a square of modules, True where dark, with its quiet zone."""
    # Half of the hub's memory, and only this needs it.
    import cv2

    pixels = np.asarray(cv2.QRCodeEncoder.create().encode(text))
    dark = pixels < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    core = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(core, QUIET_ZONE)


def drawn(text: str) -> str:
    """The QR code for a terminal, two modules a character: light on whatever the background is."""
    code = modules(text)
    if len(code) % 2:
        code = np.vstack([code, np.zeros((1, code.shape[1]), bool)])
    lines = []
    for upper, lower in zip(code[::2], code[1::2]):
        line = "".join(" ▄▀█"[2 * (not a) + (not b)] for a, b in zip(upper, lower))
        # White on black, explicitly: a reader wants light around dark, whatever the terminal's colours.
        lines.append(f"\x1b[97;40m{line}\x1b[0m")
    return "\n".join(lines)
