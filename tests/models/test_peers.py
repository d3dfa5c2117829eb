"""Peers: their classes in our order, what is kept, and how they fail."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from miniature import write

from edge.faces import DETECTOR, FaceFinder
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.preprocess import align
from edge.settings import FacesSettings
from edge.types import Frame
from export.side_environment import SideEnvironmentError
from models import peers
from models.data import ckplus, ferplus
from models.data.readers import DataError
from models.peers import node_environment
from models.peers.blendshape_net import BlendshapeNet
from models.peers.blendshape_teacher import APART, BlendshapeTeacher
from models.peers.exchange import ask
from models.peers.memory import remembered
from models.peers.peer import PeerError, in_our_order
from models.peers.script_peer import ScriptPeer
from models.peers.table import SCRIPTED
from models.recipe import FOLDS

ECHO = """
import json, sys
from pathlib import Path
import numpy as np
folder = Path(sys.argv[-1])
pixels = np.fromfile(folder / "pictures.raw", np.uint8)
rows, start = [], 0
for height, width in json.loads((folder / "pictures.json").read_text()):
    picture = pixels[start : start + height * width * 3].reshape(height, width, 3)
    start += picture.size
    rows.append(picture.mean(axis=(0, 1)))
assert start == len(pixels)
np.asarray(rows, "<f4").tofile(folder / "scores.raw")
"""
"""A child that answers with the mean red, green and blue of each picture."""


NODE_LIKE = """
import sys
sys.exit("file.mjs:3\\n\\nError: no such model\\n    at main (file.mjs:3:7)\\n\\nNode.js v20.20.2")
"""
"""A child that fails as Node does: the reason stands above the stack and Node's version."""


def child(folder: Path, code: str) -> list[str]:
    script = folder / "child.py"
    script.write_text(code)
    return [sys.executable, str(script)]


def grey(*values: int) -> list[np.ndarray]:
    return [np.full((4 + i, 5), value, np.uint8) for i, value in enumerate(values)]


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_classes_come_in_our_order_and_sum_to_one() -> None:
    scores = np.array([[0.2, 0.6, 0.0], [np.nan, np.nan, np.nan], [0, 0, 0]], np.float32)
    ours = in_our_order(scores, ("fear", "neutral", "surprise"))
    assert ours.shape == (3, 8)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours[0], [0.75, 0, 0, 0, 0, 0, 0.25, 0])
    assert np.isnan(ours[1:]).all()


@pytest.mark.parametrize("name", SCRIPTED)
def test_every_peer_names_seven_different_emotions_and_has_its_script(name: str) -> None:
    peer = SCRIPTED[name]
    assert isinstance(peer, ScriptPeer)
    assert set(peer.classes) == set(EMOTIONS) - {"contempt"}
    assert len(peer.classes) == 7
    assert peer.path.is_file()
    assert peer.packages.split()[-1] in peer.version


def test_pictures_of_any_size_reach_the_child_in_rgb(tmp_path: Path) -> None:
    coloured = np.zeros((3, 7, 3), np.uint8)
    coloured[..., 0] = 200  # blue, as OpenCV has it
    scores = ask("echo", child(tmp_path, ECHO), [*grey(10, 90), coloured], 3, {})
    np.testing.assert_array_equal(scores, [[10, 10, 10], [90, 90, 90], [0, 0, 200]])


def test_no_picture_gives_no_row() -> None:
    assert ask("echo", ["never started"], [], 3, {}).shape == (0, 3)


@pytest.mark.parametrize(
    ("code", "limit", "sentence"),
    [
        ("raise SystemExit('no such weights')", 60, r"^the peer odd failed \(no such weights\): mend that"),
        ("import nonsense_that_is_not_there", 60, r"failed \(ModuleNotFoundError: No module named 'nonsense"),
        ("pass", 60, r"^the peer odd gave 0 scores for 2 pictures of 3 classes each: leave this peer out$"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            60,
            r"failed \(it was ended by SIGKILL\)",
        ),
        (NODE_LIKE, 60, r"failed \(Error: no such model\): mend that"),
        (
            "import time; time.sleep(60)",
            1,
            r"^the peer odd gave no answer on 2 pictures in 1 s: run this again",
        ),
    ],
)
def test_a_child_that_fails_is_one_sentence_and_leaves_no_picture(
    tmp_path: Path, own_temporary_folder: Path, code: str, limit: float, sentence: str
) -> None:
    with pytest.raises(PeerError, match=sentence) as caught:
        ask("odd", child(tmp_path, code), grey(1, 2), 3, {}, limit_seconds=limit)
    assert "\n" not in str(caught.value)
    assert not list(own_temporary_folder.iterdir())


def test_a_program_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(
        PeerError, match=r"^the peer odd cannot be started \(No such file or directory\): /no/p"
    ):
        ask("odd", ["/no/program"], grey(1), 3, {})


def test_a_changed_script_is_another_version(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    peer = ScriptPeer("odd", "odd 1", ("fear",), str(script), lambda path: [str(path)], lambda: True)
    script.write_text("1")
    before = peer.version
    assert before == peer.version
    script.write_text("2")
    assert peer.version != before
    assert replace(peer, options=("other",)).version != peer.version


@dataclass
class Counting:
    """A peer that counts how often it is asked."""

    name: str = "counting"
    version: str = "1"
    classes: tuple[str, ...] = ("fear", "neutral")
    asked: list[int] = field(default_factory=list)

    def exists(self) -> bool:
        return True

    def scores(self, images: list[np.ndarray]) -> np.ndarray:
        self.asked.append(len(images))
        return np.array([[image.mean(), 255 - image.mean()] for image in images], np.float32)


def test_an_answer_is_kept_until_version_or_pictures_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Counting()
    monkeypatch.setitem(SCRIPTED, "fer", peer)
    cache = tmp_path / "not" / "there"
    first = peers.predictions("fer", grey(255, 0), cache)
    np.testing.assert_array_equal(first[:, [EMOTIONS.index("fear"), 0]], [[1, 0], [0, 1]])
    np.testing.assert_array_equal(peers.predictions("fer", grey(255, 0), cache), first)
    assert peer.asked == [2]
    peers.predictions("fer", grey(255, 1), cache)
    peers.predictions("fer", [g.T for g in grey(255, 0)], cache)
    assert peer.asked == [2, 2, 2]
    peer.version = "2"
    peers.predictions("fer", grey(255, 0), cache)
    assert peer.asked == [2, 2, 2, 2]
    assert {path.suffix for path in cache.iterdir()} == {".npz"}


def test_a_damaged_kept_answer_is_asked_for_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answer = np.ones((2, 1), np.float32)
    remembered(tmp_path, "odd", "1", grey(1, 2), lambda: answer)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:50])
    np.testing.assert_array_equal(
        remembered(tmp_path, "odd", "1", grey(1, 2), lambda: answer * 2), answer * 2
    )
    assert f"{kept} cannot be used" in caplog.text
    np.testing.assert_array_equal(remembered(tmp_path, "odd", "1", grey(1, 2), lambda: answer), answer * 2)


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PeerError, match=r"cannot be kept in .*file \("):
        remembered(tmp_path / "file", "odd", "1", grey(1), lambda: np.ones((1, 1), np.float32))


def test_wrong_questions_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match=r'^there is no peer "nobody": it is one of fer, face-api, '):
        peers.predictions("nobody", [], tmp_path)
    with pytest.raises(PeerError, match=r"^picture 1 is float32 \(4, 4\): a peer takes uint8"):
        peers.predictions("fer", [*grey(1), np.zeros((4, 4), np.float32)], tmp_path)
    with pytest.raises(PeerError, match=r"^the peer blendshape-mlp needs the folder of the data sets"):
        peers.predictions("blendshape-mlp", grey(1), tmp_path)
    with pytest.raises(PeerError, match=r"needs blendshapes of the shape \(1, 52\), not \(2, 52\)"):
        peers.predictions(
            "blendshape-mlp", grey(1), tmp_path, data=tmp_path, blendshapes=np.zeros((2, 52), np.float32)
        )


def test_without_node_its_peers_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not peers.exists("face-api")
    with pytest.raises(SideEnvironmentError, match=r"need Node\.js 18 or newer: install the packages nodejs"):
        SCRIPTED["face-api"].scores(grey(1))


def test_an_npm_that_fails_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("node", "npm"):
        (programs / name).write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    with pytest.raises(SideEnvironmentError, match=r"^npm could not install .*\(npm error code ENOTFOUND\)"):
        node_environment.command(Path("any.mjs"))
    assert not list((tmp_path / "cache" / "facecue").iterdir())
    assert not peers.exists("human")


def test_an_npm_that_works_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("node", "npm"):
        (programs / name).write_text(
            f"#!/bin/sh\ncp package.json {tmp_path}/asked.json\nmkdir node_modules\n"
        )
        (programs / name).chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    folder = node_environment.folder_of()
    assert node_environment.command(Path("any.mjs")) == [str(programs / "node"), "any.mjs", str(folder)]
    assert (folder / "node_modules").is_dir()
    assert json.loads((tmp_path / "asked.json").read_text())["dependencies"] == node_environment.PACKAGES
    (programs / "npm").unlink()
    assert node_environment.command(Path("any.mjs"))[0] == str(programs / "node")
    assert list((tmp_path / "cache" / "facecue").iterdir()) == [folder]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("drawn"))


def test_the_blendshape_net_learns_and_is_the_same_each_time(drawn: Path, tmp_path: Path) -> None:
    faces, votes, _ = ferplus.read(drawn, "train")
    shapes = faces.blendshapes.copy()
    shapes[0] = np.nan

    def said(folder: str) -> np.ndarray:
        cache = tmp_path / folder
        return peers.predictions("blendshape-mlp", faces.images, cache, data=drawn, blendshapes=shapes)

    first = said("one")
    assert np.isnan(first[0]).all()
    known = np.isfinite(shapes).all(axis=1)
    assert np.isfinite(first[known]).all()
    np.testing.assert_allclose(first[known].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(said("two"), first)
    other = BlendshapeNet(drawn, faces.blendshapes)
    assert other.version != BlendshapeNet(drawn, shapes).version
    named = known & (votes.argmax(axis=1) < len(EMOTIONS))
    truth = votes.argmax(axis=1)[named]
    commonest = np.bincount(truth).max() / len(truth)
    assert (first[named].argmax(axis=1) == truth).mean() > commonest


def test_the_teacher_names_units_of_people_it_has_not_seen(drawn: Path, tmp_path: Path) -> None:
    frames, _ = ckplus.peaks(drawn)
    apart = np.array([ckplus.fold_of(s, FOLDS) in APART for s in frames.subjects])
    unseen = frames.take(np.flatnonzero(apart))
    shapes = unseen.blendshapes.copy()
    shapes[0] = np.nan
    found = peers.unit_predictions(
        "blendshape-teacher", unseen.images, tmp_path, data=drawn, blendshapes=shapes
    )
    assert tuple(found) == tuple(ACTION_UNITS)
    assert np.isnan(found["AU12"][0])
    codes = unseen.action_units[1:, list(ACTION_UNITS).index("AU12")] > 0.5
    assert codes.any()
    assert ((found["AU12"][1:] > 0.5) == codes).mean() > 0.9
    with pytest.raises(DataError, match='the teacher\'s zero is "ckplus" or "ferplus", not "moon"'):
        BlendshapeTeacher(drawn, shapes, "moon").probabilities()
    assert BlendshapeTeacher(drawn, shapes, "ferplus").version != BlendshapeTeacher(drawn, shapes).version


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    """A resting face and the same one smiling, from the bundled clip, framed like FER's."""
    clip = cv2.VideoCapture(str(DETECTOR.parent / "clips" / "single_face.mp4"))
    frames = []
    while (read := clip.read())[0]:
        frames.append(read[1])
    clip.release()
    crops = []
    for frame in (frames[0], frames[60]):
        (face,) = FaceFinder(FacesSettings()).find(Frame(frame, 0, 0.0))
        crops.append(align(frame, face.landmarks, 160))
    return crops


@pytest.mark.parametrize("name", ["face-api", "human", "pyemotion"])
def test_a_real_peer_tells_a_smile_from_rest(name: str, faces: list[np.ndarray], tmp_path: Path) -> None:
    if not peers.exists(name):
        pytest.skip(f"the environment of {name} is not installed")
    grey_faces = [cv2.cvtColor(face, cv2.COLOR_BGR2GRAY) for face in faces]
    found = peers.predictions(name, faces + grey_faces, tmp_path)
    answers = [EMOTIONS[k] for k in found.argmax(axis=1)]
    assert answers[1] == answers[3] == "happiness"
    assert "happiness" not in (answers[0], answers[2])
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
