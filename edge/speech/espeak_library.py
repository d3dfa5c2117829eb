"""Where the espeak-ng library comes from: the system, else the wheel espeakng_loader (extra `voice`)."""

from __future__ import annotations

import ctypes
import os

from edge.errors import SpeechError

SONAME = "libespeak-ng.so.1"


def provide_espeak() -> tuple[ctypes.CDLL, str]:
    """The library, made one that pyttsx3 finds too; "system" or "espeakng_loader" says which it is.

    Raises SpeechError when there is none. Meant for the voice's process only: the library stays loaded.
    """
    try:
        return ctypes.CDLL(SONAME), "system"
    except OSError as missing:
        try:
            import espeakng_loader
        except ImportError:
            raise SpeechError(
                "the voice needs espeak-ng, which is not installed; "
                "install the package espeak-ng, or facecue with its extra: pip install 'facecue[voice]'"
            ) from missing
    try:
        # pyttsx3 opens the library by its bare soname. The loader of the system hands out an already
        # loaded library for that name, so loading the wheel's by its path first is all that is needed.
        library = ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
        os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    except (OSError, RuntimeError) as error:
        raise SpeechError(
            f"the espeak-ng library of facecue[voice] does not load ({error}); install the package espeak-ng"
        ) from error
    return library, "espeakng_loader"
