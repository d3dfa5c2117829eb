"""Builds the page once, and opens it in a real browser against a real broker."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from phonedevice import MOSQUITTO, Device, WebBroker
from phonepage import PHONE, STUBS, PhonePage, Site
from phonetools import ARGUMENTS, CHROMIUM, NODE, NPM, SOURCE, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of the page's sources, with its npm packages."""
    if NODE is None or NPM is None:
        missing("node and npm: install nodejs and npm")
    if not (SOURCE / "node_modules" / "esbuild").is_dir():
        if os.environ.get("CI") != "true":
            missing("the packages of the phone page: run 'npm ci' in deploy/phone")
        subprocess.run([NPM, "ci"], cwd=SOURCE, check=True, timeout=300)
    return SOURCE


@pytest.fixture(scope="session")
def built(packages: Path) -> Path:
    """The built page."""
    assert NODE is not None
    # Two runs at once would take each other's files away.
    with (packages / "node_modules" / ".build-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([NODE, "build.js"], cwd=packages, check=True, timeout=120)
    return packages / "dist"


# Not of the session: playwright runs once at a time, and other folders have tests with it.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        missing("a browser: install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright: install the dev extra")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(built: Path) -> Iterator[Site]:
    site = Site(built)
    yield site
    site.close()


@pytest.fixture
def open_phone(browser: Browser, site: Site) -> Iterator[Callable[..., PhonePage]]:
    """open_phone(**options of a browser context) -> a page that nothing was done to yet."""
    with ExitStack() as stack:

        def open_one(**options: object) -> PhonePage:
            wishes = {"viewport": PHONE, "locale": "en-GB", "has_touch": True, **options}
            context = browser.new_context(**wishes)  # type: ignore[arg-type]
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            context.add_init_script(STUBS)
            return PhonePage(context, site)

        yield open_one


@pytest.fixture
def phone(open_phone: Callable[..., PhonePage]) -> PhonePage:
    return open_phone()


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[Callable[..., WebBroker]]:
    if MOSQUITTO is None:
        missing("the MQTT broker: install mosquitto")
    with ExitStack() as stack:

        def start(*lines: str) -> WebBroker:
            broker = WebBroker(tmp_path, *lines)
            stack.callback(broker.kill)
            return broker

        yield start


@pytest.fixture
def broker(start_broker: Callable[..., WebBroker]) -> WebBroker:
    return start_broker()


@pytest.fixture
def make_device() -> Iterator[Callable[..., Device]]:
    with ExitStack() as stack:

        def make(*args: object, **named: object) -> Device:
            device = Device(*args, **named)  # type: ignore[arg-type]
            stack.callback(device.close)
            return device

        yield make


@pytest.fixture
def device(broker: WebBroker, make_device: Callable[..., Device]) -> Device:
    return make_device(broker)
