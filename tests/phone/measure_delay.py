"""How long a cue takes from the publisher to the page: python tests/phone/measure_delay.py [COUNT]

Real mosquitto, real Chromium, loopback, a phone's viewport. Prints milliseconds; ends with status 1 where the
95th percentile is 50 ms or more. Build the page first: npm ci && npm run build in deploy/phone.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from phonedevice import Device, WebBroker
from phonepage import PHONE, STUBS, PhonePage, Site
from phonetools import ARGUMENTS, CHROMIUM, SOURCE
from playwright.sync_api import sync_playwright

LIMIT_MS = 50.0
# Both ends read the same clock, in whole milliseconds in the browser.
WATCH = """
window.seen = {};
new MutationObserver(() => { window.seen[document.getElementById("cue").textContent] = Date.now(); })
  .observe(document.getElementById("cue"), { childList: true, subtree: true });
"""


def delays(folder: Path, count: int) -> list[float]:
    """Milliseconds of every cue, shortest first."""
    broker = WebBroker(folder)
    site = Site(SOURCE / "dist")
    sent = {}
    try:
        device = Device(broker)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = browser.new_context(viewport=PHONE)
            context.add_init_script(STUBS)
            phone = PhonePage(context, site)
            phone.pair(broker)
            phone.page.click("#voice-here")
            phone.page.evaluate(f"() => {{ {WATCH} }}")
            for number in range(count):
                text = f"cue {number}"
                sent[text] = 1000 * time.time()
                device.cue(text)
                time.sleep(0.05)
            phone.wait(f"Object.keys(window.seen).length === {count}")
            seen = phone.page.evaluate("window.seen")
            browser.close()
        device.close()
    finally:
        site.close()
        broker.kill()
    return sorted(seen[text] - at for text, at in sent.items())


def main(arguments: list[str]) -> int:
    """Run the script."""
    count = int(arguments[0]) if arguments else 300
    with tempfile.TemporaryDirectory() as folder:
        found = delays(Path(folder), count)
    percentile = {p: found[min(count - 1, int(count * p / 100))] for p in (50, 95, 99)}
    shown = ", ".join(f"p{p} {value:.1f} ms" for p, value in percentile.items())
    sys.stdout.write(f"{count} cues: {shown}, longest {found[-1]:.1f} ms\n")
    return int(percentile[95] >= LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
