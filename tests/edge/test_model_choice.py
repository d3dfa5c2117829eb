"""Which released model is used: by name, by what suits the device, or a folder instead."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from edge import model_choice, settings, wiring
from edge.cli import main
from edge.errors import ModelError, SettingsError
from edge.model_choice import LARGE, SMALL, choose, from_option
from edge.model_folder import installed, open_folder
from edge.settings import ModelSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Both models are installed; nothing but their cards is looked at."""
    for name in (LARGE, SMALL):
        (tmp_path / "released" / name).mkdir(parents=True)
        (tmp_path / "released" / name / "card.json").touch()
    return tmp_path / "released"


@pytest.mark.parametrize(
    ("device", "machine", "wanted"),
    [
        ("auto", "x86_64", LARGE),
        ("CPU", "AMD64", LARGE),
        ("GPU", "x86_64", LARGE),
        ("auto", "aarch64", SMALL),
        ("CPU", "arm64", SMALL),
        ("auto", "armv7l", SMALL),
        ("MYRIAD", "aarch64", LARGE),
        ("MYRIAD.1.1-ma2480", "x86_64", LARGE),
    ],
)
def test_auto_takes_what_suits_the_device(root: Path, device: str, machine: str, wanted: str) -> None:
    assert choose("auto", device, root, machine) == root / wanted


@pytest.mark.parametrize(
    ("machine", "suited", "other"), [("x86_64", LARGE, SMALL), ("aarch64", SMALL, LARGE)]
)
def test_auto_takes_the_other_one_and_says_so(
    root: Path, machine: str, suited: str, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(root / suited)
    assert choose("auto", "auto", root, machine) == root / other
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"the model {suited} suits this device but is not installed: {other} is used"
    )


def test_auto_takes_the_one_with_a_network_that_the_runtime_reads_and_says_so(
    root: Path, tiny_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (LARGE, SMALL):
        shutil.copytree(tiny_folder, root / name, dirs_exist_ok=True)
    network = open_folder(tiny_folder).precision
    assert choose("auto", "auto", root, "x86_64", (network,)) == root / LARGE
    # Neither has one: the one that suits is refused later, with what it has.
    assert choose("auto", "auto", root, "x86_64", ("onnx",)) == root / LARGE
    assert caplog.records == []
    for file in open_folder(tiny_folder).artefact.files:
        (root / LARGE / file).unlink()
    assert choose("auto", "auto", root, "x86_64", (network,)) == root / SMALL
    assert choose(LARGE, "auto", root, "x86_64", (network,)) == root / LARGE
    assert [record.getMessage() for record in caplog.records] == [
        f"the model {LARGE} suits this device but has no network that the runtime here reads ({network}): "
        f"{SMALL} is used"
    ]
    (root / LARGE / "card.json").write_text("{}")
    assert choose("auto", "auto", root, "x86_64", (network,)) == root / LARGE


def test_what_suits_is_not_worth_a_word(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    choose("auto", "auto", root, "x86_64")
    choose(SMALL, "auto", root, "x86_64")
    assert caplog.records == []


def test_a_model_that_is_named_is_never_replaced(root: Path) -> None:
    assert choose(SMALL, "MYRIAD", root, "x86_64") == root / SMALL
    shutil.rmtree(root / SMALL)
    with pytest.raises(ModelError, match=f"the model {SMALL} is not installed at .*; there are {LARGE}"):
        choose(SMALL, "auto", root, "aarch64")


def test_without_any_model_auto_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is none: install facecue again"):
        choose("auto", "auto", tmp_path, "x86_64")


def test_the_option_takes_a_name_or_a_folder(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("mine", SMALL):
        (tmp_path / folder).mkdir()
    for word in ("auto", LARGE, SMALL, "no-such-model"):
        assert from_option(word, root) == {"name": word, "folder": ""}
    for folder in ("mine", f"./{SMALL}", "mine/", str(tmp_path / "gone"), "..", "."):
        assert from_option(folder, root) == {"name": "auto", "folder": folder}


def test_the_settings_name_the_model(root: Path, tiny_folder: Path) -> None:
    for name in (LARGE, SMALL):
        shutil.copytree(tiny_folder, root / name, dirs_exist_ok=True)
        assert wiring.model(ModelSettings(name=name), root).path == root / name
    assert wiring.model(ModelSettings(device="MYRIAD"), root).path == root / LARGE
    assert wiring.model(ModelSettings(folder=str(tiny_folder)), root).path == tiny_folder


def faults(folder: Path, text: str, environment: dict[str, str]) -> tuple[str, ...]:
    path = folder / "facecue.toml"
    path.write_text(f"[model]\n{text}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        settings.load(path, environment)
    return caught.value.faults


def test_a_name_and_a_folder_are_a_fault(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, f"folder = '{tmp_path}'\nname = '{LARGE}'", {})
    assert "line 3: model.name: is set and so is model.folder; set one of them" in found
    (found,) = faults(tmp_path, f"folder = '{tmp_path}'", {"FACECUE_MODEL__NAME": LARGE})
    assert found.startswith("FACECUE_MODEL__NAME: is set and so is model.folder")
    path = tmp_path / "facecue.toml"
    path.write_text(f"[model]\nname = 'auto'\nfolder = '{tmp_path}'\n", encoding="utf-8")
    assert settings.load(path, {}).model.folder == str(tmp_path)


def test_an_unknown_name_is_a_fault_of_the_settings_that_lists_those_known(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, "name = 'huge'", {})
    assert "line 2: model.name: the model huge is not installed at" in found
    assert all(name in found for name in installed())


def test_the_command_line_replaces_what_the_file_says(
    tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "facecue.toml"
    config.write_text(f"[model]\nname = '{LARGE}'\n", encoding="utf-8")
    assert main(["self-check", "--config", str(config), "--model", str(tiny_folder)]) == 0
    assert "tiny 1, fp16" in capsys.readouterr().out


def test_an_unknown_name_on_the_command_line_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-check", "--model", "huge"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("facecue self-check: the model huge is not installed at ")
    assert all(name in line for name in installed())


def test_the_large_model_is_installed() -> None:
    assert model_choice.why_not(LARGE) == ""
