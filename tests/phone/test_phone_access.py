"""The page for those who do not see it, see little, or use no finger: rules, order, sizes, and installing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from phonedevice import Device, WebBroker
from phonepage import PhonePage

LANGUAGES = ("en", "es", "de", "cs")
THEMES = ("light", "dark", "contrast")
LEAST_PIXELS = 44
FOCUSED = "(({ value, textContent }) => value || textContent)(document.activeElement)"
RULES = {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}}
COLOURS = ["color-contrast", "color-contrast-enhanced", "link-in-text-block"]


@pytest.fixture(scope="session")
def axe(packages: Path) -> str:
    return (packages / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(phone: PhonePage, axe: str, theme: str, everything: bool) -> list[str]:
    """What axe-core finds in these colours, its best practices and WCAG 2.2 AAA contrast included.

    everything: else only the rules that look at colours.
    """
    phone.page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    # The page's own rules forbid a script from elsewhere; this one comes in as a debugger's.
    phone.page.evaluate(f"() => {{ if (!window.axe) {{ {axe} }} }}")
    found = phone.page.evaluate(
        "async options => (await axe.run(document, options)).violations"
        ".map(({ id, nodes }) => id + ' ' + nodes[0].html)",
        {"rules": RULES} if everything else {"runOnly": COLOURS},
    )
    return list(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_any_view_and_theme(
    broker: WebBroker,
    device: Device,
    open_phone: Callable[..., PhonePage],
    axe: str,
    language: str,
) -> None:
    phone = open_phone(locale=language)
    found = {}

    def look(view: str) -> None:
        for theme in THEMES:
            # Of a theme nothing but the colours is another; in one language all is looked at all the same.
            everything = language == LANGUAGES[0] or theme == THEMES[0]
            found[view, theme] = violations(phone, axe, theme, everything)

    phone.page.goto(phone.site.address)
    phone.page.click("#link-form button")
    look("to be paired")
    phone.page.goto("about:blank")
    phone.pair(broker, connected=False)
    phone.wait("document.getElementById('device-state').textContent !== ''")
    device.cue("smiling")
    device.cue("camera lost", "camera_lost", "health")
    device.state(muted=True, paused=False, verbosity="many", level="attitude")
    phone.wait("document.querySelectorAll('#history li').length === 2")
    phone.wait("document.querySelector('[data-command=mute]').ariaPressed === 'true'")
    look("a cue")
    device.publish("available", "offline", retain=True)
    phone.wait("document.getElementById('device-state').className === 'trouble'")
    phone.page.click("[data-command=repeat]", force=True)
    look("the device is off")
    phone.page.click("#open-settings")
    look("settings")
    phone.page.click("#close-settings")
    phone.page.evaluate("location.hash = 'device=other'")
    look("a question")
    assert {where: rules for where, rules in found.items() if rules} == {}
    assert not phone.errors


def test_keys_alone_reach_everything_in_the_order_of_the_page(
    broker: WebBroker, device: Device, phone: PhonePage
) -> None:
    phone.pair(broker)
    device.state(muted=False, paused=False, verbosity="normal", level="attitude")
    phone.wait("document.querySelector('input[value=normal]').checked")
    phone.page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    order = []
    for _ in range(14):
        phone.page.keyboard.press("Tab")
        order.append(phone.page.evaluate(FOCUSED))
    assert order == [
        "Settings",
        "What now?",
        "Repeat",
        "Where is the face?",
        "Is all well?",
        "Voice of this phone",
        "Mute device",
        "Pause camera",
        "Slower",
        "Faster",
        "Quieter",
        "Louder",
        "normal",
        "attitude",
    ]


def test_the_settings_keep_the_focus_and_give_it_back(phone: PhonePage) -> None:
    phone.page.goto(phone.site.address)
    phone.page.focus("#open-settings")
    phone.page.keyboard.press("Enter")
    assert phone.page.evaluate("document.activeElement.id") == "settings-title"
    for _ in range(25):
        phone.page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || document.getElementById('settings').contains"
        assert phone.page.evaluate(f"{inside}(document.activeElement)")
    phone.page.keyboard.press("Escape")
    assert phone.page.evaluate("document.activeElement.id") == "open-settings"


def test_a_cue_moves_no_focus_and_takes_no_item_away(
    broker: WebBroker, device: Device, phone: PhonePage
) -> None:
    phone.pair(broker)
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    phone.page.focus("[data-command=repeat]")
    phone.page.evaluate("window.first = document.querySelector('#history li')")
    device.cue("frowning", "frown")
    device.health(celsius=50.0)
    phone.wait_text("#cue", "frowning")
    phone.page.wait_for_timeout(1200)
    assert phone.page.evaluate("document.activeElement.dataset.command") == "repeat"
    assert phone.page.evaluate("window.first.isConnected")


def test_a_screen_reader_is_told_what_there_is(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    device.cue("smiling")
    device.state(muted=True)
    phone.wait("document.querySelector('[data-command=mute]').ariaPressed === 'true'")
    tree = phone.page.locator("body").aria_snapshot()
    for line in (
        'heading "facecue" [level=1]',
        'button "What now?"',
        'button "Mute device" [pressed]',
        'group "How much it says"',
        'radio "few words"',
        'heading "Last cues" [level=2]',
    ):
        assert line in tree, tree


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_fits_on_a_small_phone_and_is_large_enough_to_hit(
    broker: WebBroker, device: Device, open_phone: Callable[..., PhonePage], language: str
) -> None:
    """320 pixels: WCAG 2.2, 1.4.10 Reflow; 44 pixels: 2.5.5 Target Size."""
    phone = open_phone(viewport={"width": 320, "height": 640}, locale=language)
    phone.pair(broker, connected=False)
    phone.wait("document.getElementById('device-state').textContent !== ''")
    device.cue("maybe mouth corners down, maybe looks contemptuous")
    device.cue("camera lost", "camera_lost", "health")
    phone.wait("document.querySelectorAll('#history li').length === 2")
    for view in ("body", "#settings"):
        if view == "#settings":
            phone.page.click("#open-settings")
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= 320
        wide = phone.page.evaluate(
            "view => [...document.querySelectorAll(view + ' *')].filter(e => e.checkVisibility()"
            " && !e.closest('.unseen') && e.getBoundingClientRect().right > 320.5).map(e => e.outerHTML)",
            view,
        )
        assert wide == []
        small = phone.page.evaluate(
            "([targets, least]) => [...document.querySelectorAll(targets)]"
            ".filter(e => e.checkVisibility() && (e.matches('label') || !e.closest('label')))"
            ".filter(e => e.getBoundingClientRect().height < least).map(e => e.outerHTML)",
            [f"{view} :is(button, select, input, label:has(input))", LEAST_PIXELS],
        )
        assert small == []


def test_it_can_be_installed(phone: PhonePage) -> None:
    phone.page.goto(phone.site.address)
    phone.wait("navigator.serviceWorker.controller !== null")
    session = phone.context.new_cdp_session(phone.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/manifest.webmanifest")
    # "in-incognito": every context of a test is one.
    faults = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {fault["errorId"] for fault in faults} <= {"in-incognito"}


def test_colours_follow_the_phone(open_phone: Callable[..., PhonePage]) -> None:
    def ground(**options: object) -> str:
        phone = open_phone(**options)
        phone.page.goto(phone.site.address)
        return str(phone.page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    grounds = [ground(), ground(color_scheme="dark"), ground(contrast="more")]
    assert grounds == ["rgb(255, 255, 255)", "rgb(17, 22, 28)", "rgb(0, 0, 0)"]


def test_less_motion_is_respected(
    broker: WebBroker, device: Device, open_phone: Callable[..., PhonePage]
) -> None:
    phone = open_phone(reduced_motion="reduce")
    phone.pair(broker)
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    assert phone.page.evaluate("document.getAnimations().length") == 0
