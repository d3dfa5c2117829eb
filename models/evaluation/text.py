"""A report as text for a terminal."""

from __future__ import annotations

from typing import Any


def table(report: dict[str, Any]) -> str:
    """The figures that matter, a screen or two of them."""
    lines = [report["model"], *_wild(report["ferplus_valid"]), *_coded(report["ckplus"])]
    if report.get("neutral"):
        lines.append(_neutral(report["neutral"]))
    if report.get("slices"):
        lines += _slices(report["slices"]["rows"])
    if report.get("peers"):
        lines += _peers(report["peers"])
    lines += report.get("peers_skipped", [])
    return "\n".join([*lines, *_targets(report["targets"])])


def _wild(fer: dict[str, Any]) -> list[str]:
    attitude = fer["attitude"]
    return [
        f"FER+ valid without twins: {fer['plurality']:.1%} of {fer['pictures']} (plurality), "
        f"{fer['agreed']:.1%} of {fer['agreed_pictures']} (more than five raters agree), "
        f"macro F1 {fer['macro_f1']:.3f}, MCC {fer['mcc']:.3f}, kappa {fer['kappa']:.3f}, "
        f"calibration error {fer['calibration']:.3f} (on the half that was not calibrated on)",
        "  recall: " + ", ".join(f"{k} {v:.2f}" for k, v in fer["recall"].items()),
        f"  attitude: {attitude['plurality']:.1%} of {attitude['pictures']}, {attitude['agreed']:.1%} of "
        f"{attitude['agreed_pictures']} (more than five agree), macro F1 {attitude['macro_f1']:.3f}, "
        f"MCC {attitude['mcc']:.3f}, calibration error {attitude['calibration']:.3f}; "
        + ", ".join(f"{k} {v:.2f}" for k, v in attitude["recall"].items()),
    ]


def _coded(ck: dict[str, Any]) -> list[str]:
    within, alone = ck["intervals"], ck["peaks_only_intervals"]
    lines = [
        f"CK+, {ck['people']} people of folds {ck['folds']}, {ck['pictures']} pictures: "
        f"macro F1 {ck['macro_f1']:.3f} {_span(within['f1'])}, "
        f"AUROC {ck['macro_auroc']:.3f} {_span(within['auroc'])}, "
        f"average precision {ck['macro_average_precision']:.3f}",
        f"  peaks only ({ck['peaks']}): macro F1 {ck['peaks_only_macro_f1']:.3f} {_span(alone['f1'])}, "
        f"AUROC {ck['peaks_only_macro_auroc']:.3f} {_span(alone['auroc'])}, "
        f"average precision {ck['peaks_only_macro_average_precision']:.3f}",
    ]
    if ck["not_held_out"]:
        lines.append(f"  not held out: this net was trained or calibrated on the folds {ck['not_held_out']}")
    lines.append(
        "  unit  positives  F1 (95 % by person)  AUROC (95 % by person)  av. precision  "
        "calibration error  peaks only: F1, AUROC"
    )
    for name, unit in ck["units"].items():
        spans = unit["intervals"]
        peaks = ck["peaks_only_units"].get(name)
        beside = f"{peaks['f1']:.2f}, {peaks['auroc']:.2f}" if peaks else "none coded apart"
        lines.append(
            f"  {name}  {unit['positives']:9d}  {unit['f1']:.2f} {_span(spans['f1'], 2):14s}  "
            f"{unit['auroc']:.2f} {_span(spans['auroc'], 2):17s}  {unit['average_precision']:13.2f}  "
            f"{unit['calibration']:17.2f}  {beside}"
        )
    return lines


def _neutral(found: dict[str, Any]) -> str:
    return (
        f"With each person's own neutral ({found['peaks']} peaks of {found['people']} people): "
        f"emotions {found['emotions_without']:.1%} -> {found['emotions_with']:.1%} of {found['named_peaks']} "
        f"(circular: CK+ derives them from the codes), units' macro F1 "
        f"{found['units_without']:.3f} -> {found['units_with']:.3f}"
    )


def _slices(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["Points lost where the same pictures are worse: FER+ plurality, agreed; CK+ macro F1, AUROC"]
    return lines + [
        f"  {row['name']:24s} {row['plurality_lost']:+5.1f} {row['agreed_lost']:+5.1f}   "
        f"{row['macro_f1_lost']:+5.1f} {row['macro_auroc_lost']:+5.1f}"
        for row in rows
    ]


def _peers(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "Beside others, on the same pictures (none given is wrong): FER+ plurality, agreed; over seven "
        "emotions; attitude; CK+ peaks, seven emotions; units' macro F1, AUROC"
    ]
    for row in rows:
        shares = ("plurality", "agreed", "seven_plurality", "seven_agreed", "attitude", "ckplus_seven_peaks")
        words = [f"{100 * row[key]:5.1f}" if key in row else "    -" for key in shares]
        words += [
            f"{row[key]:.3f}" if key in row else "    -" for key in ("units_macro_f1", "units_macro_auroc")
        ]
        lines.append(f"  {row['name']:20s} " + "  ".join(words))
    return lines


def _targets(rows: list[dict[str, Any]]) -> list[str]:
    missed = [row for row in rows if not row["met"]]
    lines = [f"Targets: {len(rows) - len(missed)} of {len(rows)} met"]
    return lines + [f"  missed: {row['what']}: {row['reached']}, wanted {row['wanted']}" for row in missed]


def _span(interval: tuple[float, float] | list[float], digits: int = 3) -> str:
    return f"({interval[0]:.{digits}f}-{interval[1]:.{digits}f})"
