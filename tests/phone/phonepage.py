"""The page in a real browser, as a phone would show it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from phonedevice import DEVICE, WebBroker

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

PHONE = {"width": 390, "height": 844}
# What has no sound and no motor in a headless browser, with the calls kept for the test.
STUBS = """
window.spoken = [];
window.felt = [];
window.cut = 0;
window.sockets = [];
window.outOfReach = false;
window.WebSocket = class extends WebSocket {
  constructor(address, protocols) {
    super(window.outOfReach ? "ws://127.0.0.1:1234/" : address, protocols);
    window.sockets.push(this);
  }
};
window.voiceWorks = true;
window.SpeechSynthesisUtterance = class {
  constructor(text) { Object.assign(this, { text, lang: "", rate: 1, voice: null }); }
};
const names = { Ana: "es-ES", Jorge: "es-MX", Anna: "de-DE", Samantha: "en-US", Zuzana: "cs_CZ" };
const voices = Object.entries(names)
  .map(([name, lang]) => ({ name, lang, voiceURI: `urn:${name}` }));
Object.defineProperty(window, "speechSynthesis", { value: {
  speaking: false, pending: false,
  getVoices: () => voices,
  addEventListener() {},
  cancel() { window.cut += 1; this.speaking = false; },
  speak(u) {
    window.spoken.push({ text: u.text, lang: u.lang, rate: u.rate, voice: u.voice && u.voice.name });
    if (!window.voiceWorks) return;
    if (window.voiceWorks === "blocked") { setTimeout(() => u.onerror({ error: "not-allowed" })); return; }
    this.speaking = true;
    setTimeout(() => u.onstart(), 0);
  },
} });
Object.defineProperty(Navigator.prototype, "vibrate", {
  value(pattern) { window.felt.push([...pattern]); return true; },
});
"""


KINDS = {
    **SimpleHTTPRequestHandler.extensions_map,
    ".webmanifest": "application/manifest+json",
    ".js": "text/javascript",
}


class Site:
    """Serves the built page on 127.0.0.1 and keeps the paths that were asked for."""

    def __init__(self, folder: Path) -> None:
        self.paths: list[str] = []
        site = self

        class Handler(SimpleHTTPRequestHandler):
            extensions_map = KINDS

            def do_GET(self) -> None:
                site.paths.append(self.path)
                super().do_GET()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


class PhonePage:
    """One browser's tab on the page; `page` is playwright's own."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._logged)

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def link(self, broker: WebBroker | str, **more: str) -> str:
        """The pairing link for a broker."""
        address = broker if isinstance(broker, str) else broker.address
        return f"{self.site.address}#{urlencode({'device': DEVICE, 'broker': address, **more})}"

    def pair(self, broker: WebBroker | str, connected: bool = True, **more: str) -> None:
        """Open the link and say yes."""
        self.page.goto(self.link(broker, **more))
        self.page.click("#pairing-yes")
        if connected:
            self.wait_text("#link-state", "Connected.")

    def choose(self, **choices: object) -> None:
        """Choices as if made in the settings before; the page is loaded anew."""
        self.page.evaluate(
            "wish => localStorage.setItem('facecue-choices', JSON.stringify("
            "{...JSON.parse(localStorage.getItem('facecue-choices')), ...wish}))",
            choices,
        )
        self.page.reload()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text().strip()

    def wait_text(self, selector: str, text: str, timeout_seconds: float = 20.0) -> None:
        self.page.wait_for_function(
            "([selector, text]) => document.querySelector(selector).innerText.trim() === text",
            arg=[selector, text],
            timeout=1000 * timeout_seconds,
        )

    def wait(self, expression: str, timeout_seconds: float = 20.0) -> Any:
        return self.page.wait_for_function(f"() => {expression}", timeout=1000 * timeout_seconds).json_value()

    @property
    def spoken(self) -> list[str]:
        return [said["text"] for said in self.page.evaluate("window.spoken")]

    @property
    def felt(self) -> list[Sequence[int]]:
        return self.page.evaluate("window.felt")  # type: ignore[no-any-return]

    @property
    def history(self) -> list[str]:
        """Words of the last cues, newest first."""
        return self.page.locator("#history li span").all_inner_texts()
