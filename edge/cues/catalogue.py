"""Every phrase the device can say; of a face "looks", never "is"; at most four words each.

The English texts stand here, each under a key that is the same in every language (and in the events);
the translations stand in edge/locale and are brought up to date by scripts/translations.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.cues.language import SOURCE, translation, voice_of

EMOTION_PHRASES: dict[str, str] = {
    "neutral": "looks neutral",
    "happiness": "looks happy",
    "surprise": "looks surprised",
    "sadness": "looks sad",
    "anger": "looks angry",
    "disgust": "looks disgusted",
    "fear": "looks afraid",
    "contempt": "looks contemptuous",
}
ATTITUDE_PHRASES: dict[str, str] = {
    "positive": "looks positive",
    "neutral": "looks neutral",
    "negative": "looks negative",
}
MOVEMENT_PHRASES: dict[str, str] = {
    "smile": "smiling",
    "brows_raised": "eyebrows raised",
    "frown": "frowning",
    "nose_wrinkled": "nose wrinkled",
    "mouth_open": "mouth open",
    "mouth_corners_down": "mouth corners down",
}
# Phrases of their own: where "maybe" stands is not the same in every language.
MAYBE_PHRASES: dict[str, str] = {
    "maybe_smile": "maybe smiling",
    "maybe_brows_raised": "maybe eyebrows raised",
    "maybe_frown": "maybe frowning",
    "maybe_nose_wrinkled": "maybe nose wrinkled",
    "maybe_mouth_open": "maybe mouth open",
    "maybe_mouth_corners_down": "maybe mouth corners down",
    "maybe_positive": "maybe looks positive",
    "maybe_neutral": "maybe looks neutral",
    "maybe_negative": "maybe looks negative",
    "maybe_happiness": "maybe looks happy",
    "maybe_surprise": "maybe looks surprised",
    "maybe_sadness": "maybe looks sad",
    "maybe_anger": "maybe looks angry",
    "maybe_disgust": "maybe looks disgusted",
    "maybe_fear": "maybe looks afraid",
    "maybe_contempt": "maybe looks contemptuous",
}
TALKING_PHRASES: dict[str, str] = {
    "talking": "talking",
}
PRESENCE_PHRASES: dict[str, str] = {
    "person_left": "person on the left",
    "person_ahead": "person ahead",
    "person_right": "person on the right",
    "no_face": "nobody there",
    "person_gone": "person gone",
    "near": "near you",
    "far": "quite far",
    "facing": "facing you",
    "turned_away": "turned away",
    "one_person": "one person",
    "two_people": "two people",
    "three_people": "three people",
    "many_people": "many people",
}
# Why a face is not read, and how to aim the camera. "Picture", because "too dark" alone would be heard
# as a word about the person.
HINT_PHRASES: dict[str, str] = {
    "edge_left": "face at left edge",
    "edge_right": "face at right edge",
    "edge_top": "face at top edge",
    "edge_bottom": "face at bottom edge",
    "centred": "face in the middle",
    "too_dark": "picture too dark",
    "too_bright": "picture too bright",
    "too_blurred": "picture blurred",
    "covered": "face covered",
    "too_near": "too near",
    "too_far": "too far away",
    "unsure": "expression unclear",
}
HEALTH_PHRASES: dict[str, str] = {
    "ready": "facecue ready",
    "stopped": "facecue stopped",
    "shutting_down": "shutting down",
    "cannot_go_on": "facecue cannot go on",
    "safe_mode": "safe mode",
    "after_faults": "after repeated faults",
    "settings_wrong": "settings are wrong",
    "settings_changed": "settings have changed",
    "restart_needed": "some after a restart",
    "hot": "device is hot",
    "hot_over": "device has cooled down",
    "battery_low": "battery is low",
    "battery_low_over": "battery is charging",
    "power_weak": "power supply too weak",
    "power_weak_over": "power supply is good",
    "camera_absent": "no camera",
    "camera_lost": "camera lost",
    "camera_found": "camera is back",
    "speech_lost": "no voice",
    "speech_found": "voice is back",
    "mqtt_lost": "phone link lost",
    "mqtt_refused": "phone link refused",
    "mqtt_found": "phone link is back",
    "stick_absent": "no stick",
    "stick_lost": "running without the stick",
    "stick_found": "stick is back",
    "network_lost": "running with slower network",
    "haptics_lost": "no vibration",
    "haptics_found": "vibration is back",
    "braille_lost": "no braille",
    "braille_found": "braille is back",
    "events_lost": "event log lost",
    "buttons_lost": "no buttons",
    "device_lost": "face reading has failed",
}
ANSWER_PHRASES: dict[str, str] = {
    "muted": "muted",
    "unmuted": "sound is on",
    "paused": "paused",
    "resumed": "running again",
    "slower": "slower",
    "slowest": "as slow as possible",
    "faster": "faster",
    "fastest": "as fast as possible",
    "quieter": "quieter",
    "quietest": "as quiet as possible",
    "louder": "louder",
    "loudest": "as loud as possible",
    "words_few": "few words",
    "words_normal": "normal words",
    "words_many": "many words",
    "level_movements": "movements only",
    "level_attitude": "movements and attitude",
    "level_emotion": "emotions too",
    "no_picture": "no picture yet",
    "earlier": "earlier",
    "all_well": "everything works",
    "pause_failed": "camera does not close",
    "not_done": "not possible",
    "nothing_to_repeat": "nothing to repeat",
    "neutral_learned": "resting face learned",
    "neutral_forgotten": "resting face forgotten",
    "unknown_command": "unknown command",
}
"""Answers to what the user asks of the device."""
KEY_PHRASES: dict[str, str] = {
    "key_space": "space bar",
    "key_question_mark": "question mark",
    "do_what_now": "what now",
    "do_aim": "where is the face",
    "do_repeat": "say again",
    "do_status": "does everything work",
    "do_mute": "mute or sound",
    "do_pause": "pause or go on",
    "do_verbosity": "how many words",
    "do_level": "movements attitude or emotions",
    "do_reset_neutral": "learn resting face again",
    "do_keys": "these keys",
    "do_quit": "stop facecue",
}
"""What a key does, and the names of keys that are no letter: "space bar: what now; r: say again"."""
START_PHRASES: dict[str, str] = {
    "stick_there": "stick found",
    "camera_there": "camera ahead",
}
"""Said after "facecue ready"."""

GROUPS: dict[str, dict[str, str]] = {
    "health": HEALTH_PHRASES,
    "start": START_PHRASES,
    "presence": PRESENCE_PHRASES,
    "movements": MOVEMENT_PHRASES,
    "attitudes": ATTITUDE_PHRASES,
    "emotions": EMOTION_PHRASES,
    "maybe": MAYBE_PHRASES,
    "talking": TALKING_PHRASES,
    "hints": HINT_PHRASES,
    "answers": ANSWER_PHRASES,
    "keys": KEY_PHRASES,
}
"""What stands in two groups is the same in both."""
PHRASES: dict[str, str] = {key: text for group in GROUPS.values() for key, text in group.items()}


class Catalogue:
    """Every phrase in one language; `voice` is the espeak-ng voice that speaks it.

    language: one of edge.cues.language.LANGUAGES; SettingsError is raised for any other.
    """

    def __init__(self, language: str = SOURCE) -> None:
        self.language = language
        self.voice = voice_of(language)
        translated = translation(language)
        self._phrases = {key: translated.pgettext(key, text) for key, text in PHRASES.items()}

    def __contains__(self, key: object) -> bool:
        return key in self._phrases

    def phrase(self, key: str) -> str:
        """What is said for a key of PHRASES. Raises KeyError for any other."""
        return self._phrases[key]

    def listed(self, keys: Iterable[str]) -> str:
        """Several phrases in one breath; a "maybe" goes last, or it would cast doubt on what follows."""
        return ", ".join(self._phrases[key] for key in keys)

    def vocabulary(self) -> list[str]:
        """Every phrase there is, so that a voice can prepare them all; what may be urgent comes first."""
        return list(dict.fromkeys(self._phrases.values()))


ENGLISH = Catalogue()


def vocabulary() -> list[str]:
    """Every English phrase."""
    return ENGLISH.vocabulary()
