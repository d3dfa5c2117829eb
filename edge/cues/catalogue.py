"""Every phrase the device can say of a face; "looks", never "is"; at most four words each."""

from __future__ import annotations

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
PRESENCE_PHRASES: dict[str, str] = {
    "person_left": "person on the left",
    "person_ahead": "person ahead",
    "person_right": "person on the right",
    "no_face": "nobody there",
}
HEALTH_PHRASES: dict[str, str] = {
    "ready": "facecue ready",
    "stopped": "facecue stopped",
    "cannot_go_on": "facecue cannot go on",
    "camera_absent": "no camera",
    "camera_lost": "camera lost",
    "camera_found": "camera is back",
    "speech_lost": "no voice",
    "speech_found": "voice is back",
    "mqtt_lost": "phone link lost",
    "mqtt_found": "phone link is back",
    "stick_absent": "no stick",
    "stick_lost": "running without the stick",
    "stick_found": "stick is back",
    "events_lost": "event log lost",
    "device_lost": "face reading has failed",
}


def vocabulary() -> list[str]:
    """Every phrase there is, so that a voice can prepare them all."""
    groups = (PRESENCE_PHRASES, MOVEMENT_PHRASES, ATTITUDE_PHRASES, EMOTION_PHRASES, HEALTH_PHRASES)
    return list(dict.fromkeys(phrase for group in groups for phrase in group.values()))
