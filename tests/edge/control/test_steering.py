"""Commands are obeyed and answered in words, stepped without a thread and without a camera."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge import preprocess
from edge.control.commands import UNKNOWN, Command, parse
from edge.control.control import Answer, Control
from edge.control.recall import OLD_SECONDS, STALE_SECONDS, Recall
from edge.control.steering import Steering
from edge.cues.catalogue import ENGLISH, Catalogue
from edge.errors import ModelError
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.pipeline import Step
from edge.settings import CueSettings, Settings, SpeechSettings
from edge.types import ActionUnits, Attitude, Box, Cue, Emotion, Face, Frame, Priority, Reading

WIDTH = 600


class HeldVoice:
    rate_words_per_minute = 170
    volume = 1.0
    muted = False


class ShutterCamera:
    """Opens and closes; may hang."""

    def __init__(self) -> None:
        self.open = True
        self.hangs = False

    def pause(self) -> bool:
        self.open = self.hangs
        return not self.hangs

    def resume(self) -> None:
        self.open = True


class Decider:
    """Keeps what it is told; a net without the units of movements refuses them."""

    def __init__(self) -> None:
        self.levels: Sequence[str] = ("movements", "attitude")
        self.verbosity = "normal"
        self.resets = 0
        self.lacks_units = False

    def set_levels(self, levels: Sequence[str]) -> None:
        if self.lacks_units:
            raise ModelError("the model lacks AU01")
        self.levels = levels

    def set_verbosity(self, verbosity: str) -> None:
        self.verbosity = verbosity

    def reset_neutral(self) -> None:
        self.resets += 1


class Device:
    """Everything around the steering, and a clock to step."""

    def __init__(self, language: str = "en", levels: Sequence[str] = ("movements", "attitude")) -> None:
        settings = Settings(cues=CueSettings(levels=list(levels)), speech=SpeechSettings())
        catalogue = Catalogue(language)
        self.now = 100.0
        self.control, self.stop = Control(), threading.Event()
        self.voice, self.camera, self.decider = HeldVoice(), ShutterCamera(), Decider()
        self.recall = Recall(settings.cues, catalogue)
        self.states: list[dict[str, object]] = []
        self.steering = Steering(
            settings.cues,
            catalogue,
            self.control,
            self.recall,
            self.decider,
            self.camera,
            self.voice,
            self.stop,
            lambda levels, state: self.states.append({**state, "levels": tuple(levels)}),
        )

    def tell(self, name: str, value: str = "") -> str:
        """The words that one command leads to."""
        self.control.submit(parse(name, value))
        cues = self.steering.turn(self.now)
        return cues[0].text if cues else ""

    def see(self, *faces: Face, reading: Reading | None = None, abstains: str = "") -> None:
        frame = Frame(np.zeros((400, WIDTH, 3), np.uint8), 0, self.now)
        self.recall.see(frame, Step(list(faces), reading, [], abstains), self.now)

    def say(self, text: str, kind: str = "cue", label: str = "smile") -> None:
        self.recall.offer(Cue(kind, label, text, Priority.NORMAL, self.now, self.now + 2, None, (label,)))


@pytest.fixture
def device() -> Device:
    return Device()


def face(x: float = 260, width: float = 80) -> Face:
    """Looks at the camera, neither near nor far."""
    return Face(Box(x, 100, width, 100), preprocess.TEMPLATE.astype(np.float32), 0.9, 1)


def reading(of: Face, units: dict[str, float], attitude: str, confidence: float = 0.9) -> Reading:
    emotion = {"positive": "happiness", "negative": "anger"}.get(attitude, "neutral")
    shares = {name: float(name == emotion) for name in EMOTIONS}
    scores = {**dict.fromkeys(ACTION_UNITS, 0.05), **units}
    return Reading(
        of,
        ActionUnits(scores),
        Emotion(emotion, confidence, shares),
        Attitude(attitude, confidence, {}),
        1.0,
        0,
    )


def test_what_now_tells_of_the_last_picture(device: Device) -> None:
    assert device.tell("what_now") == "no picture yet"
    device.see()
    assert device.tell("what_now") == "nobody there"
    left = face(20)
    device.see(left, reading=reading(left, {"AU12": 0.9}, "positive"))
    # A smile has said already that it looks positive.
    assert device.tell("what_now") == "person on the left, smiling"
    ahead = face()
    device.see(face(20, 40), ahead, reading=reading(ahead, {}, "negative"))
    assert device.tell("what_now") == "two people, person ahead, looks negative"
    device.see(ahead, reading=reading(ahead, {}, "negative", confidence=0.3))
    assert device.tell("what_now") == "person ahead, expression unclear"
    device.see(ahead, reading=reading(ahead, {"AU12": 0.5, "AU04": 0.9}, "negative", confidence=0.6))
    assert device.tell("what_now") == "person ahead, frowning, maybe smiling, maybe looks negative"
    near = face(20, 200)
    device.see(near, reading=reading(near, {}, "neutral"))
    assert device.tell("what_now") == "person on the left, near you, looks neutral"
    device.see(face(500), abstains="too_dark")
    assert device.tell("what_now") == "person on the right, picture too dark"


def test_a_face_missed_for_a_moment_is_still_there_and_an_old_picture_is_none(device: Device) -> None:
    device.see(face(), reading=reading(face(), {"AU12": 0.9}, "positive"))
    device.now += 0.5
    device.see()
    assert device.tell("what_now") == "person ahead, smiling"
    device.now += 0.6
    device.see()
    assert device.tell("what_now") == "nobody there"
    device.now += STALE_SECONDS + 0.1
    assert device.tell("what_now") == "no picture yet"
    device.say("camera lost", "health", "camera_lost")
    assert device.tell("what_now") == "camera lost"


def test_what_now_claims_no_more_than_the_levels_allow() -> None:
    shown = reading(face(), {"AU12": 0.9}, "positive")
    for levels, words in (
        (["movements"], "person ahead, smiling"),
        (["attitude"], "person ahead, looks positive"),
        (["movements", "attitude", "emotion"], "person ahead, smiling"),
        (["emotion"], "person ahead, looks happy"),
        ([], "person ahead, expression unclear"),
    ):
        device = Device(levels=levels)
        device.see(face(), reading=shown)
        assert device.tell("what_now") == words


def test_of_somebody_who_talks_or_hides_the_mouth_only_the_rest_is_told(device: Device) -> None:
    shown = reading(face(), {"AU26": 0.9, "AU04": 0.9}, "negative", confidence=0.6)
    device.see(face(), reading=replace(shown, talking=True))
    assert device.tell("what_now") == "person ahead, frowning, talking"
    device.see(face(), reading=replace(shown, covered=True))
    assert device.tell("what_now") == "person ahead, frowning, face covered"


def test_whoever_aims_is_told_where_the_face_is(device: Device) -> None:
    assert device.tell("aim") == "no picture yet"
    device.see()
    assert device.tell("aim") == "nobody there"
    device.see(face())
    assert device.tell("aim") == "face in the middle"
    device.see(face(2))
    assert device.tell("aim") == "face at left edge"
    device.tell("pause")
    assert device.tell("aim") == "paused"


def test_repeat_says_the_last_cue_again_and_that_it_is_old(device: Device) -> None:
    assert device.tell("repeat") == "nothing to repeat"
    device.say("smiling")
    device.tell("rate", "faster")
    assert device.tell("repeat") == "smiling"
    device.now += OLD_SECONDS + 1
    assert device.tell("repeat") == "earlier, smiling"
    device.say("muted", "answer", "muted")
    assert device.tell("repeat") == "earlier, smiling"


def test_mute_is_answered_and_what_went_wrong_meanwhile_is_told_at_its_end(device: Device) -> None:
    assert device.tell("mute") == "muted"
    assert device.voice.muted
    assert device.tell("status") == ENGLISH.listed(["all_well", "muted"])
    device.say("camera lost", "health", "camera_lost")
    assert device.tell("mute", "off") == "sound is on, camera lost"
    assert not device.voice.muted
    device.say("camera is back", "health", "camera_found")
    assert device.tell("status") == ENGLISH.phrase("all_well")


def test_while_paused_the_camera_is_closed_and_that_is_all_there_is_to_tell(device: Device) -> None:
    device.see(face(), reading=reading(face(), {"AU12": 0.9}, "positive"))
    assert device.tell("pause") == "paused"
    assert device.steering.paused and not device.camera.open
    assert device.tell("what_now") == "paused"
    assert device.tell("pause", "on") == "paused"
    assert device.tell("status") == "paused"
    assert device.tell("pause") == "running again"
    assert not device.steering.paused and device.camera.open
    # What was seen before is not what is now.
    assert device.tell("what_now") == "no picture yet"


def test_a_camera_that_does_not_close_is_not_called_closed(device: Device) -> None:
    device.camera.hangs = True
    answers: list[Answer] = []
    device.control.submit(Command("pause", "on"), answers.append)
    assert [cue.phrases for cue in device.steering.turn(0.0)] == [("pause_failed",)]
    assert not answers[0].ok and "may still be open" in answers[0].reason


def test_the_voice_goes_in_steps_up_to_its_limits(device: Device) -> None:
    words, rates = [], []
    for _ in range(8):
        words.append(device.tell("rate", "faster"))
        rates.append(device.voice.rate_words_per_minute)
    assert words == ["faster"] * 6 + ["as fast as possible"] * 2
    assert rates == sorted(rates) and rates[-1] == 450
    while (word := device.tell("rate", "slower")) == "slower":
        assert device.voice.rate_words_per_minute >= 80
    assert (word, device.voice.rate_words_per_minute) == ("as slow as possible", 80)
    assert device.tell("rate", "300") == "faster"
    assert device.tell("rate", "200") == "slower"
    assert device.tell("volume", "louder") == "as loud as possible"
    assert device.tell("volume", "30") == "quieter"
    assert device.voice.volume == pytest.approx(0.3)
    assert [device.tell("volume", "quieter") for _ in range(3)] == ["quieter", *["as quiet as possible"] * 2]
    assert device.voice.volume == pytest.approx(0.1)
    assert device.tell("volume", "louder") == "louder"


def test_words_and_levels_go_round(device: Device) -> None:
    assert [device.tell("verbosity") for _ in range(3)] == ["many words", "few words", "normal words"]
    assert device.tell("verbosity", "few") == "few words"
    assert device.decider.verbosity == "few"
    assert device.tell("level") == "emotions too"
    assert device.decider.levels == ("movements", "attitude", "emotion")
    assert device.states[-1]["levels"] == ("movements", "attitude", "emotion")
    assert device.tell("level") == "movements only"
    assert device.tell("level", "attitude") == "movements and attitude"
    assert device.tell("reset_neutral") == "resting face forgotten"
    assert device.decider.resets == 1


def test_what_cannot_be_done_changes_nothing_and_is_answered(device: Device) -> None:
    device.decider.lacks_units = True
    answers: list[Answer] = []
    device.control.submit(Command("level", "emotion"), answers.append)
    assert device.steering.turn(0.0)[0].phrases == ("not_done",)
    assert answers[0].reason == "level: the model lacks AU01"
    assert device.steering.state["level"] == "attitude"
    device.control.submit(UNKNOWN)
    assert device.steering.turn(0.0)[0].text == "unknown command"


def test_an_answer_cuts_in_and_soon_expires(device: Device) -> None:
    device.control.submit(Command("mute", "on"))
    (cue,) = device.steering.turn(7.0)
    assert (cue.kind, cue.label, cue.priority) == ("answer", "muted", Priority.NOW)
    assert cue.created_at == 7.0 and 7.0 < cue.expires_at <= 12.0
    # The list of keys gives way to whatever is pressed meanwhile.
    device.control.submit(Command("keys"))
    assert device.steering.turn(7.0)[0].priority < Priority.NOW


def test_of_several_commands_at_once_only_the_last_answer_is_said(device: Device) -> None:
    answers: list[Answer] = []
    for value in ("faster", "faster", "slower"):
        device.control.submit(Command("rate", value), answers.append)
    assert [cue.text for cue in device.steering.turn(0.0)] == ["slower"]
    assert [answer.text for answer in answers] == ["faster", "faster", "slower"]


def test_the_keys_are_told_by_name_in_every_language(device: Device) -> None:
    told = device.tell("keys")
    assert told.startswith(f"{ENGLISH.phrase('key_space')}: what now; a: ")
    assert f"{ENGLISH.phrase('key_question_mark')}: {ENGLISH.phrase('do_keys')}" in told
    assert Device("de").tell("keys").startswith("Leertaste: ")


def test_quit_stops_and_leaves_the_last_word_to_the_end(device: Device) -> None:
    assert device.tell("quit") == ""
    assert device.stop.is_set() and device.steering.quit


def test_what_is_set_is_shown_from_the_start(device: Device) -> None:
    assert device.states == [
        {
            "muted": False,
            "paused": False,
            "rate": 170,
            "volume": 100,
            "verbosity": "normal",
            "level": "attitude",
            "levels": ("movements", "attitude"),
        }
    ]
    device.tell("pause")
    assert device.states[-1]["paused"] is True


def test_new_settings_go_before_what_was_set_by_commands(device: Device) -> None:
    device.tell("level", "emotion")
    device.tell("rate", "300")
    device.steering.follow(CueSettings(levels=["movements"], verbosity="few"))
    assert device.states[-1]["levels"] == ("movements",)
    assert (device.states[-1]["verbosity"], device.states[-1]["rate"]) == ("few", 300)
    device.see(face(), reading=reading(face(), {}, "negative"))
    assert device.tell("what_now") == "person ahead, expression unclear"


def test_a_command_that_fails_for_no_reason_known_does_not_end_the_device(device: Device) -> None:
    device.decider.set_verbosity = lambda verbosity: 1 / 0  # type: ignore[assignment,method-assign]
    device.control.submit(Command("verbosity", "few"))
    assert device.steering.turn(0.0)[0].phrases == ("not_done",)
    assert device.steering.state["verbosity"] == "normal"


def test_every_answer_has_words_in_the_catalogue() -> None:
    device = Device()
    for name in ("what_now", "repeat", "status", "mute", "pause", "verbosity", "level", "reset_neutral"):
        device.control.submit(parse(name))
        (cue,) = device.steering.turn(0.0)
        assert cue.phrases and cue.text == ENGLISH.listed(cue.phrases)
