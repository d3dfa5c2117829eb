"""ONNX -> OpenVINO INT8, ranges measured on real faces (NNCF post-training quantisation)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import nncf
import numpy as np
import numpy.typing as npt

from edge import preprocess
from export import to_ir
from export.errors import ExportError
from export.quiet import no_progress_bars

MOST_CROPS = 300
"""More crops change the ranges no further (NNCF's own default)."""


def write_int8(
    onnx: Path,
    xml: Path,
    crops: Iterable[npt.NDArray[np.uint8]],
    image_size: int,
    progress: Callable[[str], None],
) -> int:
    """Quantise an ONNX file to `xml` and the .bin beside it; returns how many crops were used.

    crops: uint8 [H, W] or [H, W, 3] faces; the first MOST_CROPS are used, through
    edge.preprocess.net_input as on the device. Raises ExportError if there are none.
    """
    faces = list(islice(crops, MOST_CROPS))
    if not faces:
        raise ExportError("INT8 needs faces to calibrate on, and there are none")
    progress(f"INT8: measuring ranges on {len(faces)} faces")
    with no_progress_bars():
        dataset = nncf.Dataset(faces, lambda crop: preprocess.net_input(crop, image_size)[None])
        # Every layer, symmetric: on a VGG net with ReLU neither asymmetric ranges nor a first and
        # last layer in higher precision came closer to torch; crops like the device's own did.
        quantised = nncf.quantize(
            to_ir.read_onnx(onnx),
            dataset,
            preset=nncf.QuantizationPreset.PERFORMANCE,
            target_device=nncf.TargetDevice.CPU,
            subset_size=len(faces),
        )
    to_ir.save(quantised, xml)
    return len(faces)
