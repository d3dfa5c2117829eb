"""The table of runtimes: what is found, what auto takes, and what is said where something is missing."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_model import change_card

from edge import wiring
from edge.backends import installed, runtimes
from edge.backends.runtimes import STICK, Runtime
from edge.errors import BackendError, ModelError
from edge.model_folder import open_folder
from edge.settings import ModelSettings

TINY = Path(__file__).resolve().parent / "tiny"
REAL = [runtime.name for runtime in runtimes.RUNTIMES if runtime.package]


def found_are(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    monkeypatch.setattr(installed, "version", versions.get)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("2021.4.2", "openvino-2021"),
        ("2022.1.0", "openvino-2022"),
        ("2022.3.2", "openvino-2022"),
        ("2024.0.0", "openvino"),
        ("2026.4.1", "openvino"),
    ],
)
def test_the_version_tells_which_openvino_it_is(
    monkeypatch: pytest.MonkeyPatch, version: str, name: str
) -> None:
    found_are(monkeypatch, openvino=version, onnxruntime="1.0")
    assert [runtime.name for runtime in runtimes.candidates()] == [name, "onnxruntime"]
    assert runtimes.find().installed() == version
    assert runtimes.find(name).name == name
    for other in {"openvino", "openvino-2022", "openvino-2021"} - {name}:
        with pytest.raises(
            BackendError, match=f"the runtime {other} .* is not installed; .* has {name}, onnx"
        ):
            runtimes.find(other)


def test_onnx_runtime_is_the_last_resort_and_the_fake_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found_are(monkeypatch, onnxruntime="1.20")
    assert [runtime.name for runtime in runtimes.candidates()] == ["onnxruntime"]
    found_are(monkeypatch)
    with pytest.raises(BackendError, match=r"no runtime .* is installed: install facecue again"):
        runtimes.find()
    with pytest.raises(BackendError, match="this machine has none: pip install onnxruntime, or set"):
        runtimes.find("onnxruntime")
    with pytest.raises(BackendError, match="there is no runtime tensorrt; known are openvino, "):
        runtimes.find("tensorrt")


def test_the_fake_is_used_where_it_is_named() -> None:
    assert runtimes.find("fake").name == "fake"
    assert runtimes.find("fake").installed()


def test_only_the_network_made_for_it_goes_to_a_stick() -> None:
    for runtime in runtimes.RUNTIMES:
        if runtime.name in ("openvino-2021", "openvino-2022"):
            assert runtime.accepted(f"{STICK}.1.2-ma2480") == ("stick",)
            assert runtime.accepted("auto")[-1] == "stick"


LOOK = """
import sys
from edge.backends import runtimes
from edge.settings import ModelSettings

print([(runtime.name, runtime.installed(), runtime.accepted("CPU")) for runtime in runtimes.RUNTIMES])
heavy = {"openvino", "onnxruntime", "torch", "openvino.inference_engine"}
print(sorted(heavy & set(sys.modules)))
"""


def test_looking_for_runtimes_imports_none() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "[]"


@pytest.mark.parametrize(
    ("folders", "note", "words", "version"),
    [
        (
            ["inference_engine"],
            "deployment_tools/inference_engine/version.txt",
            "2021.4.2-3976-0943ed67223-refs/pull/539/head\n",
            "2021.4.2",
        ),
        (
            ["inference_engine", "runtime"],
            "runtime/version.txt",
            "2022.3.2-9279-e2c7e4d7b4d-releases/2022/3\n",
            "2022.3.2",
        ),
        (["inference_engine"], "", "", "2021"),
        (["inference_engine", "runtime"], "", "", "2022"),
    ],
)
def test_an_archive_of_intel_goes_before_what_pip_installed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folders: list[str],
    note: str,
    words: str,
    version: str,
) -> None:
    package = tmp_path / "python" / "python3.9" / "openvino"
    for folder in folders:
        (package / folder).mkdir(parents=True)
    (package / "__init__.py").touch()
    if note:
        (tmp_path / note).parent.mkdir(parents=True)
        (tmp_path / note).write_text(words)
    monkeypatch.syspath_prepend(str(package.parent))
    assert installed.version("openvino") == version
    name = f"openvino-{version[:4]}"
    assert runtimes.find().name == name
    assert runtimes.find(name).installed() == version


def test_a_folder_that_only_looks_like_openvino_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openvino").mkdir()
    (tmp_path / "openvino" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed.version("openvino") is None
    assert installed.version("no_such_package_at_all") is None


def test_auto_takes_the_network_that_the_first_runtime_likes_best() -> None:
    folder = wiring.model(ModelSettings(folder=str(TINY)))
    first = runtimes.find()
    assert folder.precision == next(n for n in first.accepted() if n in folder.card.artefacts)
    assert wiring.runtime(ModelSettings(), folder) == first


def with_only(name: str, copy: Path) -> Path:
    shutil.copytree(TINY, copy)

    def drop(table: dict) -> None:
        table["artefacts"] = {name: table["artefacts"][name]}

    change_card(copy, drop)
    return copy


def test_another_runtime_is_used_for_what_the_first_cannot_read_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = with_only("onnx", tmp_path / "tiny")
    found_are(monkeypatch, openvino="2026.4.1", onnxruntime="1.20")
    folder = wiring.model(ModelSettings(folder=str(path)))
    assert folder.precision == "onnx"
    assert wiring.runtime(ModelSettings(), folder).name == "onnxruntime"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"OpenVINO 2023 or newer cannot read the onnx network of {path}: ONNX Runtime is used instead"
    )


def test_a_runtime_that_is_named_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_only("onnx", tmp_path / "tiny")
    found_are(monkeypatch, openvino="2026.4.1", onnxruntime="1.20")
    settings = ModelSettings(folder=str(path), runtime="openvino")
    with pytest.raises(
        ModelError, match=r"no network that the runtime here reads \(int8, fp16, stick\); it has"
    ):
        wiring.model(settings)
    folder = open_folder(path)
    with pytest.raises(BackendError, match="no runtime here reads the onnx network"):
        wiring.runtime(settings, folder)


def test_a_network_that_is_named_and_not_readable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found_are(monkeypatch, openvino="2021.4.2")
    with pytest.raises(
        ModelError, match=r"the fp16 network of .* cannot be read by the runtime here, which rea"
    ):
        wiring.model(ModelSettings(folder=str(TINY), precision="fp16"))
    assert wiring.model(ModelSettings(folder=str(TINY))).precision == "stick"


@pytest.mark.parametrize("name", REAL)
def test_a_runtime_that_is_broken_says_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = next(runtime for runtime in runtimes.RUNTIMES if runtime.name == name)
    for module in ("openvino", "openvino.runtime", "openvino.inference_engine", "onnxruntime"):
        monkeypatch.setitem(sys.modules, module, None)
    folder = open_folder(TINY)
    for ask in (found.devices, lambda: found.open(folder, "CPU")):
        with pytest.raises(BackendError, match=r"cannot be loaded \(.*\): (install|set it up)") as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_every_runtime_of_the_table_has_its_own_name() -> None:
    assert len(set(runtimes.NAMES)) == len(runtimes.RUNTIMES)
    assert all(isinstance(runtime, Runtime) and runtime.words for runtime in runtimes.RUNTIMES)
