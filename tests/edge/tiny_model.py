"""A model folder small enough to be made in a blink, for the real loader and the real runtime.

Made with OpenVINO's own Python API, so that it can be made wherever the tests of edge can run. The
older versions have no such API: with them the folder gets the same net from the committed one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge import card as cards
from edge import preprocess
from edge.backends import runtimes
from edge.backends.telemetry import keep_quiet
from edge.card import Artefact, Card, Tolerance
from edge.emotions import EmotionStage
from edge.facs import ACTION_UNITS, EMOTIONS
from edge.model_folder import sha256

SIDE = 32
CELL = 8
"""Side of the squares the net averages over."""
UNITS = tuple(ACTION_UNITS)
HIDDEN = 16
UNSURE_BELOW = 0.4
TOLERANCE = Tolerance(0.02, 0.02, 0.1)
COMMITTED = Path(__file__).resolve().parent / "backends" / "tiny"
"""The same net for every runtime, made by backends/make_tiny.py."""


def weights(units: tuple[str, ...] = UNITS) -> dict[str, np.ndarray[Any, Any]]:
    """Always the same numbers: of the net (`matrix`, `bias`) and of the second stage."""
    rng = np.random.default_rng(20)
    inputs = 3 * (SIDE // CELL) ** 2
    shapes = {
        "matrix": (inputs, len(units)),
        "bias": (len(units),),
        "hidden_weight": (HIDDEN, len(units)),
        "hidden_bias": (HIDDEN,),
        "output_weight": (len(EMOTIONS), HIDDEN),
        "output_bias": (len(EMOTIONS),),
    }
    return {name: (rng.standard_normal(shape) * 0.3).astype(np.float32) for name, shape in shapes.items()}


def logits_of(crop: np.ndarray[Any, Any], units: tuple[str, ...] = UNITS) -> np.ndarray[Any, Any]:
    """What the net is to answer, in numpy: uint8 [H, W(, 3)] -> float32 [K]."""
    cells = SIDE // CELL
    scaled = (preprocess.net_input(crop, SIDE) - 128.0) / 64.0
    pooled = scaled.reshape(3, cells, CELL, cells, CELL).mean(axis=(2, 4))
    answer = pooled.reshape(-1) @ weights(units)["matrix"] + weights(units)["bias"]
    return np.asarray(answer, dtype=np.float32)


def golden_crops(count: int = 12) -> np.ndarray[Any, Any]:
    """uint8 [N, S, S]: squares of many brightnesses, which survive the averaging."""
    coarse = np.random.default_rng(21).uniform(0, 255, (count, SIDE // CELL, SIDE // CELL))
    return np.asarray(coarse.repeat(CELL, axis=1).repeat(CELL, axis=2), dtype=np.uint8)


def build(folder: Path, units: tuple[str, ...] = UNITS, **more: np.ndarray[Any, Any]) -> Path:
    """Write model.xml, model.bin, emotions.npz, golden.npz and card.json.

    more: further arrays of the second stage. With an older OpenVINO the network is the one for the
    stick instead, and has no other units.
    """
    folder.mkdir(parents=True)
    artefact = _network(folder, units)
    stage = {name: weights(units)[name] for name in EmotionStage.ARRAYS}
    names = {"action_units": np.array(units), "emotions": np.array(EMOTIONS)}
    np.savez(folder / "emotions.npz", **names, **stage, **more)
    crops = golden_crops()
    logits = np.stack([logits_of(crop, units) for crop in crops])
    emotions = EmotionStage(units, EMOTIONS, UNSURE_BELOW, **stage).probabilities(logits)
    np.savez(folder / "golden.npz", crops=crops, logits=logits, emotions=emotions)
    made = Card(
        name="tiny",
        version="1",
        image_size=SIDE,
        action_units=units,
        emotions=EMOTIONS,
        artefacts=artefact,
        sha256={
            path.relative_to(folder).as_posix(): sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
        unsure_below=UNSURE_BELOW,
        licence="Apache-2.0",
    )
    cards.write(made, folder / "card.json")
    return folder


def change_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite card.json as `change` leaves its table, sealed anew."""
    path = folder / "card.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table)
    table.pop(cards.SEAL, None)
    table[cards.SEAL] = cards.seal(table)
    path.write_text(json.dumps(table), encoding="utf-8")


def change_arrays(folder: Path, file: str, **arrays: np.ndarray[Any, Any]) -> None:
    """Replace arrays of an .npz and write the new hash into the card, as a careless hand would."""
    with np.load(folder / file) as archive:
        kept = {name: archive[name] for name in archive.files}
    np.savez(folder / file, **{**kept, **arrays})
    rehash(folder, file)


def rehash(folder: Path, file: str) -> None:
    """Make the card accept the file as it is now."""
    change_card(folder, lambda table: table["sha256"].update({file: sha256(folder / file)}))


def _network(folder: Path, units: tuple[str, ...]) -> dict[str, Artefact]:
    """Write the net and tell what it is called in the card."""
    if runtimes.find("auto").name not in ("openvino-2021", "openvino-2022"):
        _write_net(folder / "model.xml", weights(units))
        return {"fp16": Artefact("model.xml", "model.bin", 11, TOLERANCE)}
    if units != UNITS:
        raise NotImplementedError("this OpenVINO cannot make a net, and none of these units is committed")
    shutil.copytree(COMMITTED / "stick", folder / "stick")
    return {"stick": Artefact("stick/model.xml", "stick/model.bin", 10, TOLERANCE)}


def _write_net(path: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
    keep_quiet()
    import openvino
    from openvino import opset13 as ops

    def constant(value: object) -> Any:
        return ops.constant(np.asarray(value, dtype=np.float32))

    image = ops.parameter([1, 3, SIDE, SIDE], np.float32, name="image")
    scaled = ops.divide(ops.subtract(image, constant(128.0)), constant(64.0))
    pooled = ops.avg_pool(scaled, [CELL, CELL], [0, 0], [0, 0], [CELL, CELL], exclude_pad=False)
    flat = ops.reshape(pooled, ops.constant(np.array([1, -1], dtype=np.int64)), special_zero=False)
    product = ops.matmul(flat, constant(arrays["matrix"]), transpose_a=False, transpose_b=False)
    answer = ops.add(product, constant(arrays["bias"]))
    image.output(0).get_tensor().set_names({Card.input})
    answer.output(0).get_tensor().set_names({Card.output})
    openvino.save_model(
        openvino.Model([ops.result(answer)], [image], "tiny"), str(path), compress_to_fp16=False
    )
