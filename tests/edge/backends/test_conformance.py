"""What every runtime that is installed must do alike, on a committed model and on a released one.

In an environment made for one runtime, FACECUE_TEST_RUNTIME names it: it then may not be absent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tiny_model import change_card, golden_crops, logits_of, rehash

from edge import preprocess
from edge.backends import runtimes
from edge.backends.base import Backend
from edge.backends.runtimes import STICK, Runtime
from edge.errors import BackendError, ModelError
from edge.golden_check import check
from edge.model_folder import ModelFolder, open_folder, released

TINY = Path(__file__).resolve().parent / "tiny"
REAL = [runtime for runtime in runtimes.RUNTIMES if runtime.package]
INSTALLED = [runtime for runtime in REAL if runtime.installed()]
WANTED = os.environ.get("FACECUE_TEST_RUNTIME", "")
ADVICE = ("set model.", "install ", "plug it in", "prepare it with", "open it again", "start facecue again")


@pytest.fixture(scope="module", params=INSTALLED, ids=lambda runtime: runtime.name)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    found: Runtime = request.param
    return found


@pytest.fixture(scope="module")
def folder(runtime: Runtime) -> ModelFolder:
    return open_folder(TINY, accepted=runtime.accepted("CPU"))


@pytest.fixture(scope="module")
def device(runtime: Runtime, folder: ModelFolder) -> Iterator[Backend]:
    opened = runtime.open(folder, "CPU", threads=1)
    yield opened
    opened.close()


@pytest.fixture
def copy(runtime: Runtime, tmp_path: Path) -> Path:
    """The model folder, to be damaged."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def picture(number: int = 0) -> np.ndarray:
    return preprocess.net_input(golden_crops()[number], 32)[None]


def advice(error: Exception) -> str:
    """The text of an error, which is one sentence and says what to do."""
    text = str(error)
    assert "\n" not in text
    assert 20 < len(text) < 500
    assert any(words in text.partition(": ")[2] or words in text for words in ADVICE), text
    return text


def refusal(runtime: Runtime, folder: ModelFolder, device: str = "CPU") -> str:
    with pytest.raises(BackendError) as caught:
        runtime.open(folder, device)
    return advice(caught.value)


@pytest.mark.parametrize("name", [runtime.name for runtime in REAL])
def test_this_runtime_is_tested_here(name: str) -> None:
    found = next(runtime for runtime in REAL if runtime.name == name)
    if found.installed() is None:
        assert name != WANTED, f"{name} is to be tested here and is not installed"
        pytest.skip(f"{name} ({found.words}) is not installed here: none of these tests is about it")
    if name == WANTED:
        assert runtimes.find() == found


def test_every_network_it_reads_gives_the_golden_answers(runtime: Runtime) -> None:
    card = open_folder(TINY).card
    readable = [name for name in runtime.accepted("CPU") if name in card.artefacts]
    assert readable
    for precision in readable:
        folder = open_folder(TINY, precision, runtime.accepted("CPU"))
        opened = runtime.open(folder, "CPU", threads=1)
        try:
            result = check(folder, opened)
        finally:
            opened.close()
        assert result.crops == 12
        assert result.passed, (precision, result)


def test_a_released_net_gives_the_golden_answers(runtime: Runtime) -> None:
    try:
        folder = open_folder(released("small-au"), accepted=runtime.accepted("CPU"))
    except ModelError as error:
        pytest.skip(f"{runtime.name}: {error}")
    opened = runtime.open(folder, "CPU")
    try:
        result = check(folder, opened)
    finally:
        opened.close()
    assert result.passed, (folder.precision, result)


def test_the_answer_is_a_new_array_of_log_odds(device: Backend) -> None:
    first = device.infer(picture(0))
    assert (first.dtype, first.shape) == (np.float32, (1, 22))
    kept = first.copy()
    second = device.infer(picture(1))
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_allclose(second[0], logits_of(golden_crops()[1]), atol=0.05)
    assert np.abs(second - first).max() > 0.2


def test_a_device_is_told_by_name_and_in_words(runtime: Runtime, device: Backend) -> None:
    assert device.device == "CPU"
    assert len(device.description) > 2
    assert "CPU" in runtime.devices()


def test_auto_is_the_processor_where_no_stick_is(runtime: Runtime, folder: ModelFolder) -> None:
    if any(name.startswith(STICK) for name in runtime.devices()):
        pytest.skip("a Neural Compute Stick is plugged in")
    opened = runtime.open(folder)
    try:
        assert opened.device == "CPU"
        np.testing.assert_allclose(opened.infer(picture())[0], logits_of(golden_crops()[0]), atol=0.05)
    finally:
        opened.close()


@pytest.mark.parametrize(
    "shape", [(1, 3, 32, 31), (1, 3, 64, 64), (3, 32, 32), (1, 1, 32, 32), (1, 32, 32, 3), (2, 3, 32, 32), ()]
)
def test_a_picture_of_another_shape_is_refused_and_does_no_harm(
    device: Backend, shape: tuple[int, ...]
) -> None:
    with pytest.raises(BackendError) as caught:
        device.infer(np.zeros(shape, dtype=np.float32))
    text = advice(caught.value)
    assert str(shape) in text
    assert "(1, 3, 32, 32)" in text
    np.testing.assert_allclose(device.infer(picture())[0], logits_of(golden_crops()[0]), atol=0.05)


def test_how_a_picture_lies_in_memory_does_not_matter(device: Backend) -> None:
    plain = picture(2)
    wanted = device.infer(plain)
    mirrored = plain[..., ::-1].copy()[..., ::-1]
    striped = np.zeros((1, 3, 32, 64), dtype=np.float32)
    striped[..., ::2] = plain
    sealed = plain.copy()
    sealed.flags.writeable = False
    for image in (np.asfortranarray(plain), mirrored, striped[..., ::2], sealed, plain.astype(np.float64)):
        before = image.copy()
        np.testing.assert_array_equal(device.infer(image), wanted)
        np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", ["NOWHERE", "GPU.7", "AUTO", "HETERO:GPU,CPU", "cpu", "Cpu", "CPU.7", ""])
def test_a_device_that_is_named_is_never_replaced(runtime: Runtime, folder: ModelFolder, name: str) -> None:
    text = refusal(runtime, folder, name)
    assert name in text
    assert "CPU" in text


def test_a_stick_that_is_not_there_is_never_replaced(runtime: Runtime) -> None:
    accepted = runtime.accepted(STICK) or runtime.accepted("CPU")
    folder = open_folder(TINY, accepted=accepted)
    if any(name.startswith(STICK) for name in runtime.devices()):
        pytest.skip("a Neural Compute Stick is plugged in")
    text = refusal(runtime, folder, STICK)
    wanted = {
        "openvino": "the device MYRIAD is not there; this machine has ",
        "openvino-2022": "cannot drive a Neural Compute Stick: install OpenVINO 2021.4.2",
        "openvino-2021": (
            "the Neural Compute Stick cannot be used (Can not init Myriad device: NC_ERROR): plug it in"
        ),
        "onnxruntime": "the device MYRIAD is not there; this machine has CPU",
    }
    assert wanted[runtime.name] in text


@pytest.mark.parametrize("part", [0, -1], ids=["network", "weights"])
def test_a_flipped_byte_is_found_before_the_runtime_sees_it(
    runtime: Runtime, folder: ModelFolder, copy: Path, part: int
) -> None:
    path = copy / folder.artefact.files[part]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is damaged"):
        open_folder(copy, accepted=runtime.accepted("CPU"))


@pytest.mark.parametrize(
    "content", [b"", b"<net/>", b"<?xml version='1.0'?><net name='a' version='10'>", b"\0" * 999]
)
def test_a_network_that_it_cannot_read_is_refused(
    runtime: Runtime, folder: ModelFolder, copy: Path, content: bytes
) -> None:
    path = copy / folder.artefact.network
    path.write_bytes(content)
    rehash(copy, folder.artefact.network)
    assert str(path) in refusal(runtime, open_folder(copy, folder.precision))


def test_weights_that_are_cut_short_are_refused(runtime: Runtime, folder: ModelFolder, copy: Path) -> None:
    name = folder.artefact.files[-1]
    (copy / name).write_bytes((TINY / name).read_bytes()[:-600])
    rehash(copy, name)
    assert str(copy) in refusal(runtime, open_folder(copy, folder.precision))


def test_a_card_whose_image_size_does_not_fit_the_net_is_refused(
    runtime: Runtime, folder: ModelFolder, copy: Path
) -> None:
    change_card(copy, lambda table: table.update(image_size=48))
    text = refusal(runtime, open_folder(copy, folder.precision))
    assert "takes (1, 3, 32, 32) and gives (1, 22); its card says (1, 3, 48, 48)" in text


@pytest.mark.parametrize("key", ["input", "output"])
def test_a_card_whose_tensor_names_do_not_fit_the_net_is_refused(
    runtime: Runtime, folder: ModelFolder, copy: Path, key: str
) -> None:
    change_card(copy, lambda table: table.update({key: "picture"}))
    assert str(copy / folder.artefact.network) in refusal(runtime, open_folder(copy, folder.precision))


def test_a_device_is_given_up_once_and_answers_no_more(runtime: Runtime, folder: ModelFolder) -> None:
    opened = runtime.open(folder, "CPU")
    opened.infer(picture())
    opened.close()
    opened.close()
    with pytest.raises(BackendError) as caught:
        opened.infer(picture())
    assert "the net on CPU was closed" in advice(caught.value)


def test_two_nets_at_once_do_not_disturb_each_other(runtime: Runtime, folder: ModelFolder) -> None:
    one, other = runtime.open(folder, "CPU"), runtime.open(folder, "CPU")
    try:
        answer = one.infer(picture(3))
        other.infer(picture(4))
        other.close()
        np.testing.assert_array_equal(one.infer(picture(3)), answer)
    finally:
        one.close()
        other.close()


SILENT = """
import sys
from pathlib import Path

sent = []
sys.addaudithook(lambda event, _: sent.append(event) if event.startswith("socket.") else None)
import numpy as np
from edge.backends import runtimes
from edge.model_folder import open_folder

runtime = runtimes.find(sys.argv[1])
device = runtime.open(open_folder(Path(sys.argv[2]), accepted=runtime.accepted("CPU")), "CPU")
device.infer(np.zeros((1, 3, 32, 32), np.float32))
device.close()
print(sorted({event for event in sent if event != "socket.gethostname"}))
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry.")))
"""


def test_nothing_is_sent_and_nothing_is_written_at_home(runtime: Runtime, tmp_path: Path) -> None:
    # Only outside of a build does OpenVINO report at all.
    builds = ("CI", "TF_BUILD", "JENKINS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in builds}
    environment["HOME"] = str(tmp_path)
    command = [sys.executable, "-c", SILENT, runtime.name, str(TINY)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "[]"]
    assert list(tmp_path.iterdir()) == []
