"""Cues on a braille display, through BRLTTY, which is what drives one on Linux."""

from __future__ import annotations

import ctypes
import threading
from ctypes import c_char_p, c_int, c_size_t, c_void_p, c_wchar_p

from edge.errors import OutputError
from edge.settings import BrailleSettings
from edge.types import Cue

LIBRARY = "libbrlapi.so.0.8"
"""Called directly: its Python module comes with Debian's own Python only, and never into an environment."""
FAILED = -1
NO_CURSOR = 0
EVERY_TERMINAL = (None, 0)
"""The empty path: the service has no terminal of its own, and the cue counts whichever one is read."""

_ExceptionHandler = ctypes.CFUNCTYPE(None, c_void_p, c_int, ctypes.c_uint32, c_void_p, c_size_t)


class _Settings(ctypes.Structure):
    _fields_ = [("auth", c_char_p), ("host", c_char_p)]


class BrailleSink:
    """Shows the newest cue, cut to the width of the display; an edge.sinks.Sink.

    After braille.keep_seconds the display shows the screen again, as it did before. A BRLTTY that went away
    is connected anew with the next cue. Raises OutputError when it is missing or refuses.
    """

    name = "braille"

    def __init__(self, settings: BrailleSettings) -> None:
        self._settings = settings
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise OutputError(
                "braille.enabled is set, and braille needs BRLTTY, which is not installed; "
                "install the packages brltty and libbrlapi0.8"
            ) from error
        _declare(self._library)
        # Kept, or it would be collected. The library's own one ends the program.
        self._handler = _ExceptionHandler(lambda *_: None)
        self._handle: ctypes.Array[ctypes.c_char] | None = None
        self._lock = threading.Lock()
        self._shown = False
        self._timer: threading.Timer | None = None
        self._closed = False
        self._connect()

    def deliver(self, cue: Cue) -> None:
        """Show the cue. Raises OutputError."""
        with self._lock:
            self._stop_timer()
            try:
                self._show(cue.text)
            except OutputError:
                self._disconnect()
                raise
            self._timer = threading.Timer(self._settings.keep_seconds, self._take_off)
            self._timer.daemon = True
            self._timer.start()

    def interrupt(self) -> None:
        """A cue is shown in no time; there is nothing to cut short."""

    def close(self) -> None:
        """Give the display back; may be called again."""
        with self._lock:
            self._closed = True
            timer = self._timer
            self._stop_timer()
            self._disconnect()
        if timer is not None:
            timer.join()

    def _show(self, text: str) -> None:
        if self._handle is None:
            self._connect()
        if not self._shown:
            self._do("enterTtyModeWithPath", *EVERY_TERMINAL, None)
            self._shown = True
        self._do("writeWText", NO_CURSOR, text)
        # Writing is not acknowledged: only this shows whether BRLTTY still listens.
        self._do("sync")

    def _take_off(self) -> None:
        with self._lock:
            if self._shown and not self._closed and self._timer is threading.current_thread():
                self._shown = False
                try:
                    # Blank first: where there is no screen to be shown, the cue would stay.
                    self._do("writeWText", NO_CURSOR, "")
                    self._do("leaveTtyMode")
                except OutputError:
                    self._disconnect()

    def _connect(self) -> None:
        settings = self._settings
        wanted = _Settings(settings.key_file.encode() or None, settings.host.encode() or None)
        handle = ctypes.create_string_buffer(self._library.brlapi_getHandleSize())
        if self._library.brlapi__openConnection(handle, ctypes.byref(wanted), None) == FAILED:
            raise OutputError(
                f"BRLTTY does not answer ({self._reason()}); start it, and see braille.host and "
                "braille.key_file: this user must be allowed to read its key"
            )
        self._library.brlapi__setExceptionHandler(handle, self._handler)
        self._handle, self._shown = handle, False

    def _disconnect(self) -> None:
        if self._handle is not None:
            self._library.brlapi__closeConnection(self._handle)
            self._handle, self._shown = None, False

    def _do(self, name: str, *arguments: object) -> None:
        if getattr(self._library, f"brlapi__{name}")(self._handle, *arguments) == FAILED:
            raise OutputError(f"the braille display cannot be written ({self._reason()}); see BRLTTY's log")

    def _reason(self) -> str:
        reason = self._library.brlapi_strerror(self._library.brlapi_error_location())
        return (reason or b"").decode("utf-8", "replace").strip() or "no reason given"

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _declare(library: ctypes.CDLL) -> None:
    """The types of the calls used, as in brlapi.h, or pointers would be cut to 32 bits."""
    library.brlapi_getHandleSize.restype = c_size_t
    library.brlapi__openConnection.argtypes = [c_void_p, c_void_p, c_void_p]
    library.brlapi__closeConnection.argtypes = [c_void_p]
    library.brlapi__closeConnection.restype = None
    library.brlapi__setExceptionHandler.argtypes = [c_void_p, _ExceptionHandler]
    library.brlapi__setExceptionHandler.restype = c_void_p
    library.brlapi__enterTtyModeWithPath.argtypes = [c_void_p, c_void_p, c_int, c_char_p]
    library.brlapi__leaveTtyMode.argtypes = [c_void_p]
    library.brlapi__writeWText.argtypes = [c_void_p, c_int, c_wchar_p]
    library.brlapi__sync.argtypes = [c_void_p]
    library.brlapi_error_location.restype = c_void_p
    library.brlapi_strerror.argtypes = [c_void_p]
    library.brlapi_strerror.restype = c_char_p
