"""Every error facecue raises on purpose.

FacecueError
├── SettingsError      (ValueError)    a setting is wrong; says which, where and what to do
├── ModelError         (RuntimeError)  a model folder is damaged or does not fit
├── BackendError       (RuntimeError)  a device cannot load or run the model
│   └── StickError                     the Neural Compute Stick is absent, lost or silent
├── SourceError        (OSError)       a camera, clip or stream gives no pictures
├── SpeechError        (RuntimeError)  the voice or the sound output does not work
├── OutputError        (RuntimeError)  vibration or braille does not work
├── MqttError          (ConnectionError) the broker refuses or cannot be reached
├── HubError          (RuntimeError)  the hub for phones cannot start or go on
├── CommandError       (ValueError)    the device is told something that it does not understand
├── ButtonError        (RuntimeError)  the buttons at the device cannot be used
└── PictureError       (ValueError)    a picture file cannot be read

A message is one sentence that can be spoken: what is wrong, where, what to do. Libraries raise;
only the command line exits (status 2).
"""

from __future__ import annotations


class FacecueError(Exception):
    """Root of everything facecue raises on purpose."""


class SettingsError(FacecueError, ValueError):
    """One or more settings are wrong. `faults` holds a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


class ModelError(FacecueError, RuntimeError):
    """A model folder is damaged, incomplete or does not fit this program."""


class BackendError(FacecueError, RuntimeError):
    """A device cannot load or run the model."""


class StickError(BackendError):
    """The Neural Compute Stick is absent, lost, silent, or answers wrongly."""


class SourceError(FacecueError, OSError):
    """A camera, clip, folder or stream gives no pictures."""


class SpeechError(FacecueError, RuntimeError):
    """The voice or the sound output does not work."""


class OutputError(FacecueError, RuntimeError):
    """Vibration or braille does not work."""


class MqttError(FacecueError, ConnectionError):
    """The broker refuses or cannot be reached."""


class HubError(FacecueError, RuntimeError):
    """The hub for phones cannot start or go on."""


class CommandError(FacecueError, ValueError):
    """The device is told something that it does not understand."""


class ButtonError(FacecueError, RuntimeError):
    """The buttons at the device cannot be used."""


class PictureError(FacecueError, ValueError):
    """A picture file cannot be read."""
