"""The hub: certificates, broker, status and pages, opened in this order and closed in the other."""

from __future__ import annotations

import logging
import ssl
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from edge.errors import HubError, MqttError
from edge.hub import amqtt_broker, ca, mosquitto, names, pairing, status
from edge.hub.access import devices
from edge.hub.broker import Broker, check_port, end_leftover, free_port
from edge.hub.server import HubServer
from edge.hub.site import Site, page_folder
from edge.hub.state import StateFolder, folder_of
from edge.hub.users import HUB_USER, password_name, users
from edge.hub.watch import Watch
from edge.mqtt.credentials import password, tls_context
from edge.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often files of the state folder are looked at."""
RENEW_SECONDS = 60.0
"""How often certificates and addresses are."""
FROZEN_SECONDS = 45.0
"""A broker that lets the status page not in for so long, though it runs, is killed."""
NO_BROKER = (
    "no broker is installed here: sudo apt-get install mosquitto; or set hub.broker to none, "
    "and mqtt.host to a broker elsewhere"
)


class Hub:
    """Everything that `facecue hub` serves. Raises HubError, with nothing left open, where it cannot."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        ca.check_clock(time.time())
        self.state = StateFolder(folder_of(settings.hub.state_folder))
        self._broker: Broker | None = None
        self._websocket_port: int | None = None
        self._renewed_at = time.monotonic()
        self._killed_at = 0.0
        with ExitStack() as stack:
            stack.enter_context(self.state.lock())
            self._users = users(settings.mqtt, devices(settings))
            self.certificates, _ = self._ensure()
            check_port(settings.hub.port, "port")
            self._open_broker(stack)
            self._watch = self._open_watch()
            stack.callback(self._watch.close)
            self._token = self.state.secret(status.TOKEN)
            self._signature = self._looked()
            self.server = self._open_server()
            stack.callback(self.server.close)
            self._stack = stack.pop_all()

    @property
    def broker(self) -> Broker | None:
        """The broker that it runs; None for one elsewhere."""
        return self._broker

    @property
    def description(self) -> str:
        """What runs where, in one sentence."""
        place = pairing.address(names.best(self._settings.hub.names), self.server.port)
        if self._broker is None:
            return f"phone page at {place}, broker at {self._settings.mqtt.host}"
        return f"phone page at {place}, broker {self._broker.name} at port {self._settings.hub.mqtt_port}"

    def run(self, stop: threading.Event) -> None:
        """Look after everything until stop is set. Raises HubError where that is not possible."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """One round: changed passwords, certificates to renew, a broker that hangs."""
        signature = self._looked()
        if signature != self._signature:
            self._signature = signature
            self._reload_users()
        if time.monotonic() - self._renewed_at > RENEW_SECONDS:
            self._renewed_at = time.monotonic()
            self.renew()
        lost_at = self._watch.lost_at
        if self._broker is not None and self._broker.running and lost_at is not None:
            since = time.monotonic() - max(lost_at, self._killed_at)
            if since > FROZEN_SECONDS:
                log.warning("hub: the broker has not answered for %.0f s and is killed", since)
                self._killed_at = time.monotonic()
                self._broker.kill()

    def renew(self) -> None:
        """Another certificate where the old one ends soon or an address has changed."""
        try:
            self.certificates, changed = self._ensure()
        except HubError as error:
            # What it shows still works for a while; ending would help nobody.
            log.warning("hub: %s", error)
            return
        if changed:
            self.server.renew(str(self.certificates.server))
            if self._broker is not None:
                self._broker.restart()

    def close(self) -> None:
        """Pages first, so that nobody comes any more; then the broker."""
        self._stack.close()

    def _ensure(self) -> tuple[ca.Certificates, bool]:
        further = self._settings.hub.names
        return ca.ensure(self.state, names.names(further), names.addresses(further))

    def _open_broker(self, stack: ExitStack) -> None:
        hub = self._settings.hub
        if hub.broker == "none":
            if not self._settings.mqtt.host:
                raise HubError("hub.broker is none and mqtt.host is empty: name the broker in mqtt.host")
            return
        pid_file = self.state.file("broker.pid")
        end_leftover(pid_file, self.state.path)
        check_port(hub.mqtt_port, "mqtt_port")
        self._websocket_port = free_port()
        name, command = self._command(self._websocket_port)
        broker = Broker(name, command, (hub.mqtt_port, self._websocket_port), self._on_broker, pid_file)
        stack.callback(broker.close)
        self._broker = broker

    def _command(self, websocket_port: int) -> tuple[str, list[str]]:
        wanted, port = self._settings.hub.broker, self._settings.hub.mqtt_port
        program = mosquitto.program()
        if wanted == "mosquitto" and program is None:
            raise HubError("mosquitto is not installed: sudo apt-get install mosquitto")
        if program is not None and wanted != "amqtt":
            mosquitto.check_version(program)
            configuration = self.state.file("mosquitto.conf")
            mosquitto.write(self.state, self._users, port, websocket_port)
            return "mosquitto", [program, "-c", str(configuration)]
        if not amqtt_broker.installed():
            raise HubError(
                "amqtt is not installed: pip install 'facecue[hub]', or sudo apt-get install mosquitto"
                if wanted == "amqtt"
                else NO_BROKER
            )
        log.warning("hub: amqtt is for trying out; for every day: sudo apt-get install mosquitto")
        configuration = amqtt_broker.write(self.state, self._users, port, websocket_port)
        return "amqtt", [sys.executable, "-m", "edge.hub.amqtt_broker", str(configuration)]

    def _open_watch(self) -> Watch:
        mqtt, hub = self._settings.mqtt, self._settings.hub
        if self._broker is not None:
            context = ssl.create_default_context(cafile=str(self.certificates.ca))
            secret = self.state.secret(password_name(HUB_USER))
            return Watch("localhost", hub.mqtt_port, mqtt.prefix, HUB_USER, secret, context)
        try:
            secret_or_none = password(mqtt)
            outside = tls_context(mqtt, []) if mqtt.tls else None
        except MqttError as error:
            raise HubError(str(error)) from error
        return Watch(mqtt.host, mqtt.port, mqtt.prefix, mqtt.username, secret_or_none, outside)

    def _open_server(self) -> HubServer:
        hub = self._settings.hub
        page = page_folder(hub.page_folder)
        if page is None:
            log.warning("hub: the phone page is not built; in deploy/phone: npm ci && npm run build")
        site = Site(
            page,
            self.certificates.ca,
            ca.fingerprint(self.certificates.ca),
            pairing.address(names.best(hub.names), hub.port),
            lambda: self._token,
            self._live,
            lambda: status.settings_table(self._settings),
        )
        return HubServer(
            hub.port,
            str(self.certificates.server),
            lambda: {*names.names(hub.names), "127.0.0.1", "::1"},
            site.answer,
            lambda: self._websocket_port,
        )

    def _live(self) -> object:
        running: dict[str, Any] = {"name": self._settings.mqtt.host, "running": None, "restarts": None}
        if self._broker is not None:
            broker = self._broker
            running = {"name": broker.name, "running": broker.running, "restarts": broker.restarts}
        connected = self._watch.connected
        return status.overview(self._watch.devices(), {**running, "connected": connected}, time.time())

    def _on_broker(self, why: str | None) -> None:
        log.warning("hub: %s", why or "the broker is back")

    def _looked(self) -> tuple[tuple[str, int], ...]:
        """When the secrets were written last."""
        files: list[Path] = [self.state.file(password_name(user.name)) for user in self._users]
        files.append(self.state.file(status.TOKEN))
        return tuple((str(f), f.stat().st_mtime_ns if f.exists() else 0) for f in files)

    def _reload_users(self) -> None:
        log.info("hub: passwords have changed")
        try:
            self._token = self.state.secret(status.TOKEN)
            if self._broker is not None and self._broker.name == "mosquitto":
                mosquitto.write_users(self.state, self._users)
                self._broker.reload()
            elif self._broker is not None:
                amqtt_broker.write_users(self.state, self._users)
                self._broker.restart()
        except HubError as error:
            log.warning("hub: %s", error)
