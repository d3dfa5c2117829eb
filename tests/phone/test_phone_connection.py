"""The page finds its way back: to the broker, without the network, and to the right words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from phonedevice import BASE, MOSQUITTO_PASSWD, Device, WebBroker, free_port
from phonepage import PhonePage, Site


def test_the_broker_is_killed_and_comes_back(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    for number in range(2):
        broker.kill()
        phone.wait_text("#link-state", "Connection lost. Trying again.")
        broker.start()
        phone.wait_text("#link-state", "Connected.")
        device.wait_ready()
        device.cue(f"cue {number}")
        phone.wait_text("#cue", f"cue {number}")
    phone.wait_text("#device-state", "glasses is on.")


def test_a_short_break_is_not_worth_a_word(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    phone.page.evaluate(
        "() => { const line = document.getElementById('link-state'); window.lines = [];"
        " const keep = () => window.lines.push(line.textContent);"
        " new MutationObserver(keep).observe(line, { childList: true }); }"
    )
    broker.kill()
    broker.start()
    device.wait_ready()
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    assert "Connection lost. Trying again." not in phone.page.evaluate("window.lines")


def test_a_cue_of_a_short_break_arrives_after_it(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    """The broker keeps it for a phone that has left the room."""
    phone.pair(broker)
    phone.page.click("#voice-here")
    phone.page.evaluate(
        "() => { window.outOfReach = true; window.sockets.forEach(socket => socket.close()) }"
    )
    phone.wait_text("#link-state", "Connection lost. Trying again.")
    device.cue("smiling")
    device.cue("frowning", "frown")
    assert phone.history == []
    phone.page.evaluate("window.outOfReach = false")
    phone.wait_text("#cue", "frowning")
    assert phone.history == ["frowning", "smiling"]
    assert "frowning" in phone.spoken


def test_it_opens_without_the_network(
    broker: WebBroker, device: Device, phone: PhonePage, built: Path, site: Site
) -> None:
    device.cue("smiling")
    phone.pair(broker)
    phone.wait("navigator.serviceWorker.controller !== null")
    phone.context.set_offline(True)
    phone.page.reload()
    phone.wait_text("#link-state", "This phone has no network.")
    for icon in sorted((built / "icons").iterdir()):
        assert phone.page.evaluate("async path => (await fetch(path)).ok", f"icons/{icon.name}")
    # Whatever else the same server has does not come from the worker.
    assert not phone.page.evaluate("fetch('status').then(() => true, () => false)")
    phone.context.set_offline(False)
    phone.wait_text("#link-state", "Connected.")
    device.cue("frowning", "frown")
    phone.wait_text("#cue", "frowning")


def test_a_broker_that_is_not_there(phone: PhonePage) -> None:
    port = free_port()
    phone.pair(f"ws://127.0.0.1:{port}/mqtt", connected=False)
    phone.wait_text(
        "#link-state",
        f"127.0.0.1:{port} cannot be reached. Trying again. Is the phone in the device's network?",
    )


@pytest.fixture
def closed_broker(start_broker: Callable[..., WebBroker], tmp_path: Path) -> WebBroker:
    """It knows "phone" and "glasses", both with the password "right"."""
    if MOSQUITTO_PASSWD is None:
        pytest.skip("needs mosquitto_passwd")
    passwords, rights = tmp_path / "passwords", tmp_path / "rights"
    passwords.touch(mode=0o600)
    for user in ("phone", "glasses"):
        subprocess.run(
            [MOSQUITTO_PASSWD, "-b", passwords, user, "right"], check=True, stderr=subprocess.DEVNULL
        )
    rights.write_text(
        f"user phone\ntopic read {BASE}/#\ntopic write {BASE}/set/#\nuser glasses\ntopic readwrite {BASE}/#\n"
    )
    rights.chmod(0o600)
    return start_broker("allow_anonymous false", f"password_file {passwords}", f"acl_file {rights}")


def test_a_wrong_password_has_words_of_its_own(closed_broker: WebBroker, phone: PhonePage) -> None:
    phone.pair(closed_broker, connected=False, user="phone", password="wrong")
    place = closed_broker.address.split("/")[2]
    phone.wait_text("#link-state", f"{place} does not let this phone in. Pair it again.")
    # Pairing it again is all there is to do.
    phone.page.goto("about:blank")
    phone.pair(closed_broker, user="phone", password="right")


def test_the_device_dies(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    phone.wait_text("#device-state", "glasses is on.")
    device.publish("available", "offline", retain=True)
    phone.wait_text("#device-state", "glasses is off.")
    assert phone.page.get_attribute("#device-state", "class") == "trouble"


def test_a_device_that_falls_silent_is_doubted(
    broker: WebBroker, device: Device, open_phone: Callable[..., PhonePage]
) -> None:
    """A broker that was killed can come back with an old "online"."""
    phone = open_phone()
    phone.page.clock.install()
    phone.pair(broker)
    device.health()
    phone.wait_text("#device-state", "glasses is on.")
    phone.page.clock.fast_forward(95_000)
    phone.wait("document.getElementById('device-state').textContent.startsWith('glasses may be off')")
    device.health()
    phone.wait_text("#device-state", "glasses is on.")


def test_health_in_words(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    assert phone.text("#health") == "Nothing told yet."
    device.health(battery_percent=81, celsius=56.25, latency_ms=240)
    phone.wait("document.querySelectorAll('#health li').length === 5")
    lines = phone.page.locator("#health li").all_inner_texts()
    assert lines[:4] == ["All well.", "Battery 81 %", "Temperature 56.2 °C", "Cue after 0.2 seconds"]
    device.cue("camera lost", "camera_lost", "health")
    phone.wait("document.querySelector('#health li').textContent === 'camera lost'")
    device.cue("camera is back", "camera_found", "health")
    phone.wait("document.querySelector('#health li').textContent === 'All well.'")
    device.health("stick_lost")
    phone.wait("document.querySelector('#health li').textContent === 'running without the stick'")
