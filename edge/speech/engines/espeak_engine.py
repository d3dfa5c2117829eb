"""espeak-ng itself, without pyttsx3 between: about ten times as fast.

The calls are those of espeak-ng's speak_lib.h, version 1.50 and later.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import c_char_p, c_int, c_short, c_ubyte, c_uint, c_void_p
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import SpeechError
from edge.speech.engines.voice_names import Listed, VoiceNames
from edge.speech.espeak_library import provide_espeak
from edge.speech.phrase import Phrase, write_wav

SYNCHRONOUS = 2
"""AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth returns when every sample has gone to the callback."""
DONT_EXIT = 0x8000
"""espeakINITIALIZE_DONT_EXIT: without its data it returns instead of ending the process."""
RATE, CHARACTERS, UTF8 = 1, 1, 1
LEAST_RATE = 80


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        # A byte of priority before each language, and an empty one at the end.
        ("languages", c_void_p),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("unused", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(c_int, ctypes.POINTER(c_short), c_int, c_void_p)


class EspeakEngine:
    """Writes WAV files with libespeak-ng. Raises SpeechError when it is missing."""

    def __init__(self) -> None:
        self._espeak, self.library = provide_espeak()
        _declare(self._espeak)
        data = os.environ.get("ESPEAK_DATA_PATH")
        self._sample_rate = self._espeak.espeak_Initialize(
            SYNCHRONOUS, 0, data.encode() if data else None, DONT_EXIT
        )
        if self._sample_rate <= 0:
            raise SpeechError("espeak-ng does not start (its data is missing); reinstall espeak-ng")
        self._chunks: list[bytes] = []
        # Kept, or it would be collected while espeak-ng still calls it.
        self._callback = _Callback(self._heard)
        self._espeak.espeak_SetSynthCallback(self._callback)
        self._names = VoiceNames(_listed(self._espeak))
        self._voice = ""

    def save(self, text: str, path: Path, voice: str, words_per_minute: int) -> None:
        """Write the text as speech. Raises UnknownVoice, or SpeechError."""
        if voice != self._voice:
            self._choose(voice)
        self._espeak.espeak_SetParameter(RATE, max(words_per_minute, LEAST_RATE), 0)
        self._chunks.clear()
        # A null character would end the text.
        data = text.replace("\0", " ").encode() + b"\0"
        if status := self._espeak.espeak_Synth(data, len(data), 0, CHARACTERS, 0, UTF8, None, None):
            raise SpeechError(f"espeak-ng did not speak {text!r} (status {status}); try again")
        samples = np.frombuffer(b"".join(self._chunks), np.int16)
        with path.open("wb") as file:
            write_wav(file, Phrase(samples, self._sample_rate))

    def _choose(self, voice: str) -> None:
        file = self._names.file(voice)
        self._voice = ""
        status = self._espeak.espeak_SetVoiceByName(file.encode())
        current = self._espeak.espeak_GetCurrentVoice()
        set_to = (current.contents.identifier or b"").decode("utf-8", "replace") if current else ""
        # An unknown variant is no error to espeak-ng: it takes the plain voice.
        if status != 0 or ("+" in set_to) != ("+" in file):
            raise self._names.unknown(voice)
        self._voice = voice

    def _heard(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, 2 * count))
        return 0


def _declare(library: ctypes.CDLL) -> None:
    """The types of the calls used, or pointers would be cut to 32 bits."""
    library.espeak_Initialize.argtypes = [c_int, c_int, c_char_p, c_int]
    library.espeak_SetSynthCallback.argtypes = [_Callback]
    library.espeak_SetSynthCallback.restype = None
    library.espeak_ListVoices.argtypes = [c_void_p]
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_GetCurrentVoice.argtypes = []
    library.espeak_GetCurrentVoice.restype = ctypes.POINTER(_Voice)
    library.espeak_SetVoiceByName.argtypes = [c_char_p]
    library.espeak_SetParameter.argtypes = [c_int, c_int, c_int]
    library.espeak_Synth.argtypes = [
        c_char_p,
        ctypes.c_size_t,
        c_uint,
        c_int,
        c_uint,
        c_uint,
        c_void_p,
        c_void_p,
    ]


def _listed(library: ctypes.CDLL) -> list[Listed]:
    found: list[Listed] = []
    voices = library.espeak_ListVoices(None)
    for entry in voices:
        if not entry:
            break
        voice = entry.contents
        found.append((_text(voice.name), _languages(voice.languages), _text(voice.identifier)))
    return found


def _languages(address: int | None) -> list[str]:
    found: list[str] = []
    while address and ctypes.string_at(address, 1) != b"\0":
        language = ctypes.string_at(address + 1)
        found.append(language.decode("utf-8", "replace"))
        address += len(language) + 2
    return found


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
