"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass

RIGHT, NOTE, WRONG = "right", "note", "wrong"


@dataclass(frozen=True)
class Finding:
    """One answer of a check.

    state: "right", "note" (works, but look) or "wrong". sentence: what was found, and where. fix: the
    one command or act that mends it, or "" where nothing is to mend or the sentence ends with it.
    spoken: a few words for the ear, without paths; only where something is to be done.
    """

    name: str
    state: str
    sentence: str
    fix: str = ""
    spoken: str = ""

    @property
    def words(self) -> str:
        """All of it for a screen."""
        return f"{self.sentence}: {self.fix}" if self.fix else self.sentence


def right(name: str, sentence: str) -> Finding:
    """All is well."""
    return Finding(name, RIGHT, sentence)


def note(name: str, sentence: str, fix: str = "", spoken: str = "") -> Finding:
    """It works, or is not needed, but is worth a look."""
    return Finding(name, NOTE, sentence, fix, spoken)


def wrong(name: str, sentence: str, fix: str = "", spoken: str = "") -> Finding:
    """It does not work and is needed."""
    return Finding(name, WRONG, sentence, fix, spoken)
