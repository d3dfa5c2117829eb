"""From a trained net to a model folder: torch -> ONNX -> OpenVINO, proven equal before it exists."""

from __future__ import annotations

from edge.backends.telemetry import keep_quiet

# NNCF and OpenVINO's converter report too; what is decided here holds for every module below.
keep_quiet()
