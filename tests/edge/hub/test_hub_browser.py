"""A real browser at the hub: the phone page pairs and speaks through it, the status page can be used."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hubhelp import CUE, member, running, settings

from edge.hub import access, status
from edge.hub.hub import Hub
from edge.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = Path(__file__).parents[3] / "deploy" / "phone"
BUILT, AXE = PHONE / "dist", PHONE / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CUE_BODY = {
    "t": 1.0,
    "kind": "cue",
    "label": "smile",
    "text": "smiling",
    "latency_ms": 180.0,
    "confidence": 0.9,
    "attitude": "positive",
    "emotion": None,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: install the dev extra")
    if CHROMIUM is None:
        pytest.skip("needs a browser: install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def at_hub(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Settings]]:
    if not (BUILT / "index.html").exists():
        pytest.skip("needs the built phone page: npm ci && npm run build in deploy/phone")
    made = settings(tmp_path_factory.mktemp("hub"), names=["localhost"], page_folder=str(BUILT))
    with running(made) as hub:
        yield hub, made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # Its certificate is verified in the other files; a browser has a list of authorities of its own.
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def _cue(seq: int) -> str:
    from datetime import datetime, timezone

    return json.dumps({**CUE_BODY, "seq": seq, "ts": datetime.now(timezone.utc).isoformat()})


def test_the_link_pairs_the_phone_page_and_a_cue_arrives(at_hub: tuple[Hub, Settings], page: Page) -> None:
    hub, made = at_hub
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    link = access.pair(made, hub.state, "glasses").link
    page.goto(link)
    if page.locator("#pairing-yes").is_visible():
        page.locator("#pairing-yes").click()
    page.locator("#cues").wait_for()
    secret = hub.state.secret("passwords/glasses-phone")
    # Neither in the address that is shown nor in any that was asked for.
    assert secret not in page.url
    assert not [url for url in asked if secret in url.split("#")[0]]
    with member(hub, made, "glasses") as device:
        assert device.publish("facecue/glasses/available", "online", retain=True)
        assert device.subscribe("facecue/glasses/set/#")
        seq = 0
        told = page.locator("#cue")
        while "smil" not in (told.text_content() or ""):
            seq += 1
            assert seq < 100, "no cue arrives"
            device.publish(CUE, _cue(seq))
            page.wait_for_timeout(100)
        page.locator("[data-command=what_now]").click()
        while not device.received:
            page.wait_for_timeout(50)
        assert device.received[0][0] == "facecue/glasses/set/what_now"


def test_a_helper_sees_the_status_with_the_token_alone(at_hub: tuple[Hub, Settings], page: Page) -> None:
    hub, made = at_hub
    # As from elsewhere: a request that somebody passed on.
    page.route(
        "**/status/*.json",
        lambda it: it.continue_(headers={**it.request.headers, "x-forwarded-for": "10.0.0.9"}),
    )
    page.goto(f"https://localhost:{made.hub.port}/status/")
    page.get_by_text("needs its whole address").wait_for()
    token = hub.state.secret(status.TOKEN)
    page.goto("about:blank")
    page.goto(f"https://localhost:{made.hub.port}/status/#token={token}")
    page.get_by_role("status").filter(has_text=re.compile("Live|No device")).wait_for()
    assert token not in page.url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_status_page_can_be_used_by_everybody(
    at_hub: tuple[Hub, Settings], page: Page, theme: str
) -> None:
    hub, made = at_hub
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    with member(hub, made, "glasses") as device:
        device.publish("facecue/glasses/state", json.dumps({"text": "smiling", "person": True}), retain=True)
        device.publish("facecue/glasses/health", json.dumps({"temperature_celsius": 51}))
        for seq in range(1000, 1003):
            device.publish(CUE, _cue(seq))
    page.goto(f"https://localhost:{made.hub.port}/status/")
    page.get_by_role("heading", name="Device glasses").wait_for()
    page.get_by_text("temperature celsius: 51").wait_for()
    page.get_by_text("The last cues as a table").click()
    assert page.get_by_role("table", name="Last cues").get_by_role("row").count() > 3
    assert page.locator("svg circle").count() >= 3
    page.get_by_text("Settings of this computer").click()
    page.get_by_role("rowheader", name="hub.devices").wait_for()
    # A phone's width is enough: nothing but the tables scrolls sideways.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in deploy/phone")
    # The page allows no script but its own, so axe comes in by the debugger.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert [rule["id"] for rule in found["violations"]] == []
    assert len(found["passes"]) > 10


def test_the_first_page_of_a_phone_can_be_used_by_everybody(at_hub: tuple[Hub, Settings], page: Page) -> None:
    _, made = at_hub
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in deploy/phone")
    page.goto(f"http://localhost:{made.hub.port}/")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert [rule["id"] for rule in page.evaluate("axe.run()")["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as download:
        page.get_by_role("link", name="Get the certificate").click()
    assert download.value.suggested_filename == "facecue.crt"
    page.get_by_role("link", name="Open facecue").click()
    page.wait_for_url(f"https://localhost:{made.hub.port}/")
