"""`facecue evaluate cues`: what is said of clips, held against what a person sees in them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge import wiring
from edge.commands.base import add_config, load_settings
from edge.commands.run import apply_cues
from edge.errors import SettingsError

SUMMARY = "what is said of clips against what a person sees in them: false, missed, late"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "clips", nargs="*", type=Path, metavar="CLIP", help="clips and pictures (default: those of facecue)"
    )
    parser.add_argument(
        "--truth",
        type=Path,
        action="append",
        metavar="FILE.toml",
        help="what a person sees in them, as docs/cues.md says; may be given again "
        "(default: that of facecue's own clips)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--levels", metavar="LIST", help="what is said, as for facecue run")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    from models.evaluation import cue_truth, cues

    said = argparse.Namespace(levels=args.levels, no_speech=True, wav=None)
    settings = apply_cues(load_settings(args), said)
    truths = args.truth or [cue_truth.BUNDLED]
    clips = args.clips or ([] if args.truth else sorted(bundled(cue_truth.BUNDLED)))
    if not clips:
        raise SettingsError(["name the clips that --truth speaks of"])
    pairs = cue_truth.of_clips(clips, truths)
    if args.json is not None and not args.json.parent.is_dir():
        raise SettingsError([f"--json {args.json} cannot be written (No such file or directory)"])
    folder = wiring.model(settings.model)
    device = wiring.backend(settings.model, folder)
    try:
        verdicts = [
            cues.judged(truth, cues.replayed(clip, settings, folder, device)) for clip, truth in pairs
        ]
    finally:
        device.close()
    found = {"model": folder.card.name, "levels": settings.cues.levels, **cues.report(verdicts)}
    print(f"{folder.card.name} {folder.precision}, levels {', '.join(settings.cues.levels)}")
    print(cues.table(found))
    if args.json is not None:
        try:
            args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise SettingsError([f"--json {args.json} cannot be written ({error.strerror})"]) from error
    return 0


def bundled(truth: Path) -> list[Path]:
    """The clips that stand beside their truth."""
    from models.evaluation import cue_truth

    return [truth.parent / name for name in cue_truth.read(truth)]
