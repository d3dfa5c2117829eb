"""Piper, a neural voice: the package piper-tts, and a voice file that the user supplies.

Neither comes with facecue. Its rate is what it is trained on; speech.rate_words_per_minute shortens or
lengthens every sound, from a pace of NATURAL_RATE.
"""

from __future__ import annotations

import wave
from pathlib import Path

from edge.errors import SpeechError

NATURAL_RATE = 170


class PiperEngine:
    """Writes WAV files with Piper. voice_file: a Piper voice (.onnx), its .json beside it.

    speech.voice does not count: the file is the voice. Raises SpeechError when piper-tts or the file is
    missing or the file is no voice.
    """

    def __init__(self, voice_file: str) -> None:
        if not voice_file:
            raise SpeechError(
                "the engine piper needs a voice of its own: set speech.voice_file to a Piper voice (.onnx)"
            )
        path = Path(voice_file)
        for needed in (path, Path(f"{voice_file}.json")):
            if not needed.is_file():
                raise SpeechError(
                    f"speech.voice_file: there is no file {needed}; a Piper voice is two files, "
                    "NAME.onnx and NAME.onnx.json"
                )
        try:
            from piper import PiperVoice, SynthesisConfig
        except ImportError as error:
            raise SpeechError(
                f"the engine piper is not installed ({error}); install it with pip install piper-tts, "
                "or set speech.engine to pyttsx3"
            ) from error
        try:
            self._voice = PiperVoice.load(path)
        except Exception as error:  # whatever ONNX Runtime and the JSON reader raise
            raise SpeechError(f"speech.voice_file: {path} is no Piper voice ({error})") from error
        self._config = SynthesisConfig
        self.library = "piper"

    def save(self, text: str, path: Path, voice: str, words_per_minute: int) -> None:  # noqa: ARG002
        """Write the text as speech. Raises SpeechError."""
        config = self._config(length_scale=NATURAL_RATE / words_per_minute)
        try:
            with wave.open(str(path), "wb") as file:
                # Said of no text, the file would have no header at all.
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(self._voice.config.sample_rate)
                self._voice.synthesize_wav(text, file, syn_config=config, set_wav_format=False)
        except Exception as error:
            raise SpeechError(f"piper did not speak {text!r} ({error}); try again") from error
