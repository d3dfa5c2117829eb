"""A cue of the device is shown, said and felt, once and in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from phonedevice import Device, WebBroker, settings_of, wait_until
from phonepage import PhonePage

from edge.cues.catalogue import Catalogue
from edge.mqtt.sink import MqttSink
from edge.types import Cue, Priority


def test_what_the_device_publishes_is_shown_said_and_felt(
    broker: WebBroker, phone: PhonePage, tmp_path: Path
) -> None:
    settings = settings_of(broker, tmp_path)
    phone.pair(broker)
    phone.page.click("#voice-here")
    sink = MqttSink(settings, ["movements"], lambda name, error: None)
    try:
        phone.wait_text("#device-state", "glasses is on.")
        sink.deliver(Cue("person", "person_left", "person on the left", Priority.NEXT, 1.0, 3.0))
        phone.wait_text("#cue", "person on the left")
        sink.deliver(Cue("cue", "smile", "smiling", Priority.NORMAL, 2.0, 4.0))
        phone.wait_text("#cue", "smiling")
    finally:
        sink.close()
    phone.wait_text("#device-state", "glasses is off.")
    assert phone.history == ["smiling", "person on the left"]
    assert [text for text in phone.spoken if "glasses" not in text][-2:] == ["person on the left", "smiling"]
    assert phone.felt == [[400], [70, 90, 70]]
    assert not phone.errors


def test_every_sort_of_cue_feels_different(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    sorts = [("person", "person_ahead"), ("no_face", "no_face"), ("cue", "smile"), ("cue", "frown")]
    sorts += [("cue", "mouth_open"), ("health", "camera_lost"), ("answer", "muted")]
    for kind, label in sorts:
        device.cue(f"{kind} {label}", label, kind)
    wait_until(lambda: len(phone.history) == len(sorts), "every cue is there")
    assert len(phone.felt) == len(sorts) - 1, "an answer is not felt"
    assert len(set(map(tuple, phone.felt))) == len(sorts) - 1


def test_without_the_voice_the_screen_reader_gets_the_cue(
    broker: WebBroker, device: Device, phone: PhonePage
) -> None:
    phone.pair(broker)
    assert phone.text("#voice-told").startswith("Cues are announced by your screen reader")
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    assert phone.page.get_attribute("#cue", "aria-live") == "assertive"
    assert phone.spoken == []
    # With the voice on, everything would be heard twice.
    phone.page.click("#voice-here")
    device.cue("frowning", "frown")
    phone.wait_text("#cue", "frowning")
    assert phone.page.get_attribute("#cue", "aria-live") == "off"
    assert phone.spoken[-1] == "frowning"


def test_the_newest_cue_cuts_the_voice_short_and_other_words_wait(
    broker: WebBroker, device: Device, phone: PhonePage
) -> None:
    phone.pair(broker)
    phone.page.click("#voice-here")
    device.cue("smiling")
    phone.wait("window.spoken.some(({text}) => text === 'smiling')")
    cut = phone.page.evaluate("window.cut")
    device.publish("available", "offline", retain=True)
    phone.wait("window.spoken.some(({text}) => text === 'glasses is off.')")
    assert phone.page.evaluate("window.cut") == cut
    device.cue("frowning", "frown")
    phone.wait("window.spoken.some(({text}) => text === 'frowning')")
    assert phone.page.evaluate("window.cut") == cut + 1


def test_a_stale_cue_stands_in_the_list_only(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    phone.page.click("#voice-here")
    before = phone.spoken
    device.cue("smiling", age_seconds=11.0)
    device.cue("frowning", "frown", age_seconds=10.8)
    phone.wait_text("#cue", "frowning")
    assert phone.history == ["frowning", "smiling"]
    device.cue("mouth open", "mouth_open", age_seconds=3.0)
    phone.wait("window.spoken.some(({text}) => text === 'mouth open')")
    assert [text for text in phone.spoken if text not in before] == ["mouth open"]
    assert phone.felt == [[70]]


def test_a_wrong_clock_of_the_device_silences_nothing(
    broker: WebBroker, make_device: Callable[..., Device], phone: PhonePage
) -> None:
    device = make_device(broker, clock_seconds=-3600.0)
    phone.pair(broker)
    phone.page.click("#voice-here")
    device.health()
    phone.wait_text("#health li:first-child", "All well.")
    time.sleep(0.5)
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    phone.wait("window.spoken.some(({text}) => text === 'smiling')")
    told = phone.page.get_attribute("#history time", "datetime")
    assert told is not None
    assert abs(phone.page.evaluate("told => Date.now() - Date.parse(told)", told)) < 60_000


def test_a_cue_that_comes_twice_is_said_once(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    twice = device.cue("smiling")
    device.publish("cue", twice)
    device.cue("frowning", "frown")
    phone.wait_text("#cue", "frowning")
    assert phone.history == ["frowning", "smiling"]


def test_the_last_state_is_shown_and_not_said(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    device.state("smiling", age_seconds=2.0, seq=7)
    phone.pair(broker)
    phone.wait_text("#cue", "smiling")
    assert phone.felt == []
    assert phone.text("#cue-time").startswith("at ")


def test_a_cue_of_long_ago_looks_it(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    device.cue("smiling", age_seconds=9.0)
    phone.wait_text("#cue", "smiling")
    assert phone.page.get_attribute("#cue-box", "class") == ""
    phone.wait("document.getElementById('cue-box').className === 'old'")


def test_the_phone_says_cues_in_its_own_language(
    broker: WebBroker, device: Device, open_phone: Callable[..., PhonePage]
) -> None:
    phone = open_phone(locale="es-MX")
    phone.pair(broker, connected=False)
    phone.wait_text("#link-state", "Conectado.")
    phone.page.click("#voice-here")
    english, german, spanish = map(Catalogue, ("en", "de", "es"))
    told = ("person_left", "near")
    device.cue(english.listed(told), "person_left", "person")
    phone.wait_text("#cue", spanish.listed(told))
    device.cue(german.phrase("frown"), "frown")
    phone.wait_text("#cue", spanish.phrase("frown"))
    device.cue("...", "smile", phrases=("smile",))
    phone.wait_text("#cue", spanish.phrase("smile"))
    device.cue("words that no catalogue has", "smile")
    phone.wait_text("#cue", "words that no catalogue has")
    said = phone.page.evaluate("window.spoken.at(-1)")
    assert said["lang"] == "es-ES"
    assert phone.page.get_attribute("html", "lang") == "es"


def test_voice_and_speed_are_the_users_choice(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    phone.page.click("#open-settings")
    phone.page.select_option("#language", "es")
    assert phone.page.locator("#voice option").all_inner_texts() == [
        "La que elija el teléfono",
        "Ana",
        "Jorge",
    ]
    phone.page.select_option("#voice", label="Jorge")
    phone.page.fill("#rate", "1.8")
    phone.page.check("input[name=speaker][value=voice]")
    phone.page.click("#try-voice")
    assert phone.page.evaluate("window.spoken.at(-1)") == {
        "text": "Voz de este teléfono",
        "lang": "es-ES",
        "rate": 1.8,
        "voice": "Jorge",
    }
    phone.page.uncheck("#vibrate")
    phone.page.reload()
    phone.wait_text("#link-state", "Conectado.")
    device.cue("smiling")
    phone.wait_text("#cue", Catalogue("es").phrase("smile"))
    assert phone.page.evaluate("window.spoken.at(-1)")["voice"] == "Jorge"
    assert phone.felt == []


def test_a_voice_that_stays_silent_is_told_and_the_screen_reader_takes_over(
    broker: WebBroker, device: Device, phone: PhonePage
) -> None:
    phone.pair(broker)
    phone.page.clock.install()
    phone.page.evaluate("window.voiceWorks = false")
    phone.page.click("#voice-here")
    phone.page.clock.fast_forward(1600)
    phone.page.clock.fast_forward(1600)
    phone.wait_text("#voice-told", "The voice of this phone does not answer.")
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    assert phone.page.get_attribute("#cue", "aria-live") == "assertive"
    phone.page.evaluate("window.voiceWorks = true")
    device.cue("frowning", "frown")
    phone.wait_text("#voice-told", "")
    assert phone.page.get_attribute("#cue", "aria-live") == "off"


def test_a_voice_that_waits_for_a_tap_is_told(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    phone.page.evaluate("window.voiceWorks = 'blocked'")
    phone.page.click("#voice-here")
    phone.wait_text("#voice-told", "Tap anywhere once, so that this phone may speak.")
    device.cue("smiling")
    phone.wait_text("#cue", "smiling")
    assert phone.page.get_attribute("#cue", "aria-live") == "assertive"
    phone.page.evaluate("window.voiceWorks = true")
    phone.page.click("h1")
    device.cue("frowning", "frown")
    phone.wait("window.spoken.some(({text}) => text === 'frowning')")


def test_what_is_no_cue_changes_nothing(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    device.cue("smiling")
    for rubbish in (
        "",
        "smiling",
        "[]",
        "null",
        "{",
        b"\xff\xfe",
        '{"text": 7}',
        '{"text": "  "}',
        "x" * 1_000_000,
    ):
        for tail in ("cue", "state", "health", "ack"):
            device.publish(tail, rubbish)
    device.cue("<img src=x onerror=alert(1)>", "frown")
    phone.wait_text("#cue", "<img src=x onerror=alert(1)>")
    assert phone.history == ["<img src=x onerror=alert(1)>", "smiling"]
    assert not phone.errors


def test_the_list_of_cues_is_bounded(broker: WebBroker, device: Device, phone: PhonePage) -> None:
    phone.pair(broker)
    for number in range(40):
        device.cue(f"cue {number}")
    phone.wait_text("#cue", "cue 39")
    assert phone.history == [f"cue {number}" for number in range(39, 9, -1)]
