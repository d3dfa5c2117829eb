"""What is pressed on the phone reaches the device, and what becomes of it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from phonedevice import Device, WebBroker, settings_of, wait_until
from phonepage import PhonePage

from edge.control.commands import Command
from edge.control.control import Answer, Control
from edge.cues.catalogue import Catalogue
from edge.mqtt.sink import MqttSink


@pytest.fixture
def paired(broker: WebBroker, device: Device, phone: PhonePage) -> Iterator[PhonePage]:
    phone.pair(broker)
    phone.wait_text("#device-state", "glasses is on.")
    yield phone
    assert not phone.errors


BUTTONS = [
    ("What now?", "what_now", None),
    ("Repeat", "repeat", None),
    ("Where is the face?", "aim", None),
    ("Is all well?", "status", None),
    ("Mute device", "mute", "toggle"),
    ("Pause camera", "pause", "toggle"),
    ("Slower", "rate", "slower"),
    ("Faster", "rate", "faster"),
    ("Quieter", "volume", "quieter"),
    ("Louder", "volume", "louder"),
]
RADIOS = [
    ("How much it says", "few words", "verbosity", "few"),
    ("How much it says", "normal words", "verbosity", "normal"),
    ("How much it says", "many words", "verbosity", "many"),
    ("What it tells of a face", "movements only", "level", "movements"),
    ("What it tells of a face", "movements and attitude", "level", "attitude"),
    ("What it tells of a face", "emotions too", "level", "emotion"),
]


def test_every_button_sends_its_command_once(device: Device, paired: PhonePage) -> None:
    for label, _, _ in BUTTONS:
        paired.page.get_by_role("button", name=label).click()
    for legend, label, _, _ in RADIOS:
        paired.page.get_by_role("group", name=legend).get_by_role("radio", name=label).check()
    wanted = [(name, value) for _, name, value in BUTTONS] + [(name, value) for *_, name, value in RADIOS]
    wait_until(lambda: len(device.commands) == len(wanted), "all commands have come")
    assert [(name, body.get("value")) for name, body in device.commands] == wanted
    assert len({body["id"] for _, body in device.commands}) == len(wanted)


def test_the_device_understands_every_command_and_its_answer_is_heard(
    broker: WebBroker, phone: PhonePage, tmp_path: Path
) -> None:
    """Against the device's own inbox: whatever it refuses would show here."""
    control = Control()
    taken: list[Command] = []
    stop = threading.Event()

    def obey() -> None:
        while not stop.is_set():
            control.wait(0.1)
            for request in control.take():
                taken.append(request.command)
                assert request.reply is not None
                request.reply(Answer(True, "fewer words", ("words_few",)))

    loop = threading.Thread(target=obey)
    loop.start()
    sink = MqttSink(settings_of(broker, tmp_path), ["movements"], lambda name, error: None, control=control)
    try:
        phone.pair(broker)
        phone.wait_text("#device-state", "glasses is on.")
        for label, _, _ in BUTTONS:
            phone.page.get_by_role("button", name=label).click()
        for _, label, _, _ in RADIOS:
            phone.page.get_by_role("radio", name=label, exact=True).check()
        phone.wait_text("#told", "fewer words")
        wait_until(lambda: len(taken) == len(BUTTONS) + len(RADIOS), "every command is taken")
    finally:
        sink.close()
        stop.set()
        loop.join()
    wanted = [(name, value) for _, name, value in BUTTONS] + [(name, value) for *_, name, value in RADIOS]
    assert [(command.name, command.value) for command in taken] == wanted


def test_the_buttons_show_what_the_device_has_set(device: Device, paired: PhonePage) -> None:
    device.state(muted=True, paused=False, verbosity="many", level="attitude")
    mute = paired.page.get_by_role("button", name="Mute device")
    paired.wait("document.querySelector('[data-command=mute]').ariaPressed === 'true'")
    assert paired.page.get_by_role("button", name="Pause camera").get_attribute("aria-pressed") == "false"
    assert paired.page.get_by_role("radio", name="Many words").is_checked()
    assert paired.page.get_by_role("radio", name="movements and attitude").is_checked()
    # From here on it says what it wants, so that a message that comes twice does no harm.
    mute.click()
    wait_until(lambda: bool(device.commands), "the command")
    assert device.commands[0][1]["value"] == "off"


def test_an_answer_that_is_a_cue_as_well_is_said_once(device: Device, paired: PhonePage) -> None:
    said = "person ahead, smiling"
    paired.page.click("#voice-here")

    def answer(name: str, body: dict[str, object]) -> None:
        device.ack(name, body, text=said)
        device.publish_soon(
            "cue", {"kind": "answer", "label": name, "text": said, "stream": "5tream", "seq": 9}
        )

    device.answer = answer
    paired.page.get_by_role("button", name="What now?").click()
    paired.wait_text("#cue", said)
    paired.page.wait_for_timeout(700)
    assert paired.spoken.count(said) == 1
    assert paired.text("#told") == ""


def test_a_refusal_is_told_in_words(device: Device, paired: PhonePage) -> None:
    device.answer = lambda name, body: device.ack(name, body, ok=False)
    paired.page.get_by_role("button", name="Repeat").click()
    paired.wait_text("#told", "glasses could not do that.")
    text = Catalogue("en").phrase("pause_failed")
    device.answer = lambda name, body: device.ack(name, body, ok=False, text=text)
    paired.page.get_by_role("button", name="Pause camera").click()
    paired.wait_text("#told", text)


def test_no_answer_is_told_too(device: Device, paired: PhonePage) -> None:
    paired.page.clock.install()
    paired.page.get_by_role("button", name="Repeat").click()
    wait_until(lambda: bool(device.commands), "the command")
    paired.page.clock.fast_forward(5000)
    paired.wait_text("#told", "glasses does not answer.")


def test_another_phones_answer_is_not_this_ones(device: Device, paired: PhonePage) -> None:
    device.publish("ack", {"command": "mute", "ok": True, "text": "muted", "id": "other-1"})
    device.cue("smiling")
    paired.wait_text("#cue", "smiling")
    paired.page.wait_for_timeout(600)
    assert paired.text("#told") == ""


def test_nothing_is_sent_to_a_device_that_is_off(
    broker: WebBroker, device: Device, paired: PhonePage
) -> None:
    device.publish("available", "offline", retain=True)
    paired.wait_text("#device-state", "glasses is off.")
    button = paired.page.get_by_role("button", name="Repeat")
    assert button.get_attribute("aria-disabled") == "true"
    button.click(force=True)
    paired.wait_text("#told", "Not sent: glasses is off.")
    paired.page.get_by_text("emotions too", exact=True).click()
    assert not paired.page.get_by_role("radio", name="emotions too").is_checked()
    assert device.commands == []


def test_nothing_waits_for_a_connection_to_be_sent_late(
    broker: WebBroker, device: Device, paired: PhonePage
) -> None:
    broker.kill()
    paired.wait_text("#link-state", "Connection lost. Trying again.")
    paired.page.get_by_role("button", name="Mute device").click(force=True)
    paired.wait_text("#told", "Not sent: no connection.")
    broker.start()
    paired.wait_text("#link-state", "Connected.")
    device.wait_ready()
    paired.wait_text("#device-state", "glasses is on.")
    paired.page.get_by_role("button", name="Repeat").click()
    wait_until(lambda: bool(device.commands), "the command")
    assert [name for name, _ in device.commands] == ["repeat"]
    paired.errors.clear()
