"""The translations are up to date, reach the device, and can be spoken by the language's own voice."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scene import SMILE, Scene, reading

from edge.cues.catalogue import PHRASES, Catalogue
from edge.cues.language import DOMAIN, LANGUAGES, LOCALE, SOURCE, translation
from edge.errors import SettingsError
from edge.settings import SpeechSettings, load
from edge.speech.synthesis import Synthesiser

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "translations"
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]

LEAST_SECONDS, MOST_SECONDS = 0.2, 3.0
"""Of a phrase at the pace that is set where nothing is: longer than a click, shorter than its expiry."""
LEAST_LEVEL, MOST_LEVEL = 0.02, 0.5
"""Root mean square, of full scale."""


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """scripts/translations as a module."""
    loader = importlib.machinery.SourceFileLoader("translations_script", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    path, sys.dont_write_bytecode = list(sys.path), True
    sys.modules[loader.name] = module
    loader.exec_module(module)
    yield module
    del sys.modules[loader.name]
    sys.path[:], sys.dont_write_bytecode = path, False


@pytest.fixture
def locale(tmp_path: Path) -> Path:
    """A copy of the translations that may be spoilt."""
    return Path(shutil.copytree(LOCALE, tmp_path / "locale"))


def po(locale: Path, language: str) -> Path:
    return locale / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_translations_are_complete_and_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("language", TRANSLATED)
def test_gettexts_own_compiler_reads_the_same(language: str, tmp_path: Path) -> None:
    compiler = shutil.which("msgfmt")
    if compiler is None:
        pytest.skip("msgfmt (gettext) is not installed")
    made = tmp_path / "made.mo"
    subprocess.run([compiler, "--check-format", "-o", str(made), str(po(LOCALE, language))], check=True)
    with made.open("rb") as file:
        theirs = translation(language).__class__(file)  # type: ignore[call-arg]
    ours = Catalogue(language)
    assert {key: theirs.pgettext(key, text) for key, text in PHRASES.items()} == {
        key: ours.phrase(key) for key in PHRASES
    }


def test_what_a_translator_changes_is_heard_after_the_script(script: ModuleType, locale: Path) -> None:
    edit(po(locale, "de"), 'msgstr "lächelt"', 'msgstr "lä"\n"chelt \\"breit\\""')
    assert script.faults(locale, check=True) == [
        f"{po(locale, 'de')}: is not up to date; run scripts/translations",
        f"{po(locale, 'de').with_suffix('.mo')}: is not up to date; run scripts/translations",
    ]
    assert script.faults(locale, check=False) == []
    assert script.faults(locale, check=True) == []
    assert translation("de", locale).pgettext("smile", "smiling") == 'lächelt "breit"'


def test_a_translators_comment_stays(script: ModuleType, locale: Path) -> None:
    edit(po(locale, "cs"), "\n#. the mouth", "\n# nebo: hovoří\n#. the mouth")
    assert script.faults(locale, check=True) == []
    edit(po(locale, "cs"), "\n# nebo: hovoří\n#. the mouth", "\n# nebo: hovoří\n#. a")
    assert script.faults(locale, check=False) == []
    assert "\n# nebo: hovoří\n#. the mouth" in po(locale, "cs").read_text(encoding="utf-8")


def test_a_phrase_whose_english_changed_waits_for_a_translator(script: ModuleType, locale: Path) -> None:
    edit(po(locale, "es"), 'msgid "talking"', 'msgid "chatting"')
    fault = f"{po(locale, 'es')}: talking ('talking') is to be looked at again"
    assert script.faults(locale, check=False) == [fault]
    assert translation("es", locale).pgettext("talking", "talking") == "talking"
    assert script.faults(locale, check=True) == [fault]
    edit(po(locale, "es"), "#, fuzzy\n", "")
    assert script.faults(locale, check=False) == []
    assert translation("es", locale).pgettext("talking", "talking") == "habla"


def test_a_new_phrase_is_asked_for(script: ModuleType, locale: Path) -> None:
    edit(po(locale, "es"), 'msgctxt "talking"\nmsgid "talking"\nmsgstr "habla"\n', "")
    assert script.faults(locale, check=False) == [
        f"{po(locale, 'es')}: talking ('talking') is not translated"
    ]
    assert 'msgctxt "talking"\nmsgid "talking"\nmsgstr ""\n' in po(locale, "es").read_text(encoding="utf-8")


def test_a_new_language_begins_as_a_file_to_fill_in(script: ModuleType, locale: Path) -> None:
    shutil.rmtree(locale / "cs")
    assert len(script.faults(locale, check=False)) == len(PHRASES)
    assert 'Language: cs\\n"' in po(locale, "cs").read_text(encoding="utf-8")
    assert translation("cs", locale).pgettext("smile", "smiling") == "smiling"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('msgstr "open', "is not a quoted text"),
        ("nonsense", "is neither a comment nor a text"),
        ('msgctxt "smile"\nmsgid "smiling"\nmsgstr "x"\n', "'smile' is there twice"),
    ],
)
def test_a_damaged_po_file_is_named_with_its_line_and_left_alone(
    script: ModuleType, locale: Path, line: str, fault: str
) -> None:
    path = po(locale, "de")
    before = path.read_text(encoding="utf-8") + "\n" + line + "\n"
    path.write_text(before, encoding="utf-8")
    (found,) = script.faults(locale, check=False)
    assert found.startswith(f"{path}: line ")
    assert found.endswith(fault)
    assert path.read_text(encoding="utf-8") == before


def test_a_language_that_is_not_there_is_a_sentence_that_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        Catalogue("fr")
    assert str(raised.value) == "cues.language: 'fr' is not there; choose one of en, es, de, cs"
    file = tmp_path / "facecue.toml"
    file.write_text('[cues]\nlanguage = "fr"\n')
    with pytest.raises(SettingsError) as raised:
        load(file, {})
    assert str(raised.value) == f"{file}, line 2: cues.language: 'fr' is not one of en, es, de, cs"
    assert load(None, {"FACECUE_CUES__LANGUAGE": "cs"}).cues.language == "cs"


@pytest.mark.parametrize("content", [None, b"", b"nonsense" * 8, b"\xde\x12\x04\x95" + b"\xff" * 60])
def test_a_translation_that_is_missing_or_damaged_is_a_sentence(content: bytes | None, locale: Path) -> None:
    path = po(locale, "es").with_suffix(".mo")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        translation("es", locale)
    assert str(path) in str(raised.value)
    assert str(raised.value).endswith("install facecue again, or set it to en")
    assert len(raised.value.faults) == 1
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_own_voice_speaks_every_phrase(language: str) -> None:
    catalogue = Catalogue(language)
    voice = Synthesiser(SpeechSettings(voice=catalogue.voice, timeout_seconds=30.0))
    try:
        spoken = {text: voice.phrase(text) for text in catalogue.vocabulary()}
    finally:
        voice.close()
    assert len({phrase.samples.tobytes() for phrase in spoken.values()}) == len(spoken)
    for text, phrase in spoken.items():
        level = float(np.sqrt(np.mean((phrase.samples / 32768.0) ** 2)))
        assert LEAST_SECONDS <= phrase.seconds <= MOST_SECONDS, (text, phrase.seconds)
        assert LEAST_LEVEL <= level <= MOST_LEVEL, (text, level)


def test_no_language_is_spoken_by_anothers_voice() -> None:
    sounds = set()
    for voice_name in LANGUAGES.values():
        voice = Synthesiser(SpeechSettings(voice=voice_name, timeout_seconds=30.0))
        try:
            sounds.add(voice.phrase("persona vesele").samples.tobytes())
        finally:
            voice.close()
    assert len(sounds) == len(LANGUAGES)


def test_cues_are_in_the_language_that_is_set() -> None:
    scene = Scene(language="de")
    assert scene.show(reading({**SMILE, "AU04": 0.9}), 3.0) == ["person_ahead", "smile"]
    assert [cue.text for cue in scene.cues] == ["Person vorn", "lächelt, runzelt die Stirn"]
    assert [cue.phrases for cue in scene.cues] == [("person_ahead",), ("smile", "frown")]
