"""`facecue export onnx|ir|parity|card`: the steps of an export, each a file in and a file out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from models.commands.base import Action, needs

if TYPE_CHECKING:
    from export.legacy.environment import LegacyEnvironment
    from export.request import ExportRequest


def add_net(parser: argparse.ArgumentParser) -> None:
    """The net, and the data that an export may look at."""
    parser.add_argument(
        "net",
        type=Path,
        metavar="NET",
        help="net.safetensors of a training, or NET.toml of a net of your own (docs/export.md)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="data sets for the ranges of INT8 and for what INT8 costs (default: the bundled clips for the "
        "ranges, and nothing is counted)",
    )


def add_without(parser: argparse.ArgumentParser) -> None:
    """Networks to leave out."""
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["int8", "fp16", "stick", "onnx"],
        help="leave this network out; may be given again",
    )


def request_of(args: argparse.Namespace) -> ExportRequest:
    """What the command line asks to export."""
    from export import request as requests
    from models.export_faces import with_faces
    from models.exporting import request_for

    request = request_for(args.net, args.data)
    requests.check(request)
    return with_faces(request, args.data) if args.data else request


def legacy_for(without: list[str]) -> LegacyEnvironment | None:
    """The older OpenVINO, made on first use; None where the stick's network is left out."""
    from export.legacy.environment import LegacyEnvironment

    return None if "stick" in without else LegacyEnvironment.set_up(print)


def _configure_onnx(parser: argparse.ArgumentParser) -> None:
    add_net(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.onnx")
    add_without(parser)


def _onnx(args: argparse.Namespace) -> int:
    from export import networks

    for warning in networks.onnx_of(request_of(args), args.output, args.without):
        print(f"note: {warning}")
    print(f"{args.output} is written")
    return 0


def _configure_ir(parser: argparse.ArgumentParser) -> None:
    add_net(parser)
    parser.add_argument(
        "--onnx", type=Path, required=True, metavar="FILE.onnx", help="of facecue export onnx"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    add_without(parser)


def _ir(args: argparse.Namespace) -> int:
    from export import networks
    from export.request import FILES

    kinds = [kind for kind in FILES if kind not in args.without]
    legacy = legacy_for(args.without)
    networks.write_networks(request_of(args), args.onnx, args.output, kinds, legacy, print)
    print(f"{', '.join(kinds)} are written to {args.output}")
    return 0


def _configure_parity(parser: argparse.ArgumentParser) -> None:
    add_net(parser)
    parser.add_argument("--folder", type=Path, required=True, help="of facecue export ir")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PROOF.json")


def _parity(args: argparse.Namespace) -> int:
    from export import proof
    from export.report import differences_table

    legacy = legacy_for([] if "stick" in proof.present(args.folder) else ["stick"])
    proved = proof.prove(request_of(args), args.folder, legacy, print)
    proved.write(args.output)
    print(differences_table(proved.differences))
    return 0


def _configure_card(parser: argparse.ArgumentParser) -> None:
    add_net(parser)
    parser.add_argument("--folder", type=Path, required=True, help="of facecue export ir; becomes a model")
    parser.add_argument(
        "--proof", type=Path, required=True, metavar="PROOF.json", help="of facecue export parity"
    )


def _card(args: argparse.Namespace) -> int:
    from export import proof
    from export.folder import through_the_runtime, write_card
    from export.report import differences_table

    write_card(request_of(args), args.folder, proof.read(args.proof))
    print(differences_table(through_the_runtime(args.folder)))
    print(f"{args.folder} is a model: facecue run --model {args.folder}")
    return 0


STEPS = {
    "onnx": Action("the net as ONNX opset 13", _configure_onnx, needs("export", _onnx)),
    "ir": Action(
        "the ONNX file as networks for processors and the stick", _configure_ir, needs("export", _ir)
    ),
    "parity": Action("every network against torch", _configure_parity, needs("export", _parity)),
    "card": Action("the card that makes proved networks a model", _configure_card, needs("export", _card)),
}
