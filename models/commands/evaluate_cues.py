"""`facecue evaluate cues`: what is said of clips, held against what a person sees in them."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from edge import wiring
from edge.commands.base import add_config, changed, load_settings
from edge.cues.language import SOURCE
from edge.cues.verbosity import STEPS
from edge.errors import SettingsError
from edge.settings import LEVELS

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
    parser.add_argument("--levels", metavar="LIST", help=f"what is said: any of {','.join(LEVELS)}")
    parser.add_argument("--verbosity", choices=tuple(STEPS), help="how much is said")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    from models.evaluation import cue_truth, cues

    settings = load_settings(args)
    # In English: the labels are judged, and words are counted.
    given = {"levels": _levels(args.levels), "verbosity": args.verbosity, "language": SOURCE}
    settings = replace(settings, cues=changed(settings.cues, given))
    truths = args.truth or [cue_truth.BUNDLED]
    clips = args.clips or ([] if args.truth else sorted(bundled(cue_truth.BUNDLED)))
    if not clips:
        raise SettingsError(["name the clips that --truth speaks of"])
    pairs = cue_truth.of_clips(clips, truths)
    if args.json is not None and not args.json.parent.is_dir():
        raise SettingsError([f"--json {args.json} cannot be written (No such file or directory)"])
    folder, device = wiring.loaded(settings.model, wiring.model(settings.model))
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


def _levels(text: str | None) -> list[str] | None:
    if text is None:
        return None
    levels = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [level for level in levels if level not in LEVELS]
    if wrong:
        raise SettingsError([f"--levels: {', '.join(wrong)} is not one of {', '.join(LEVELS)}"])
    return levels


def bundled(truth: Path) -> list[Path]:
    """The clips that stand beside their truth."""
    from models.evaluation import cue_truth

    return [truth.parent / name for name in cue_truth.read(truth)]
