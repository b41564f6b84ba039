"""The portfolio as tables on a terminal."""

from __future__ import annotations

from typing import Any

from plugin.cli.show import table
from plugin.portfolio.markup import left_out, whose
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import words

_COHORTS, _AGES = 13, 13


def report_text(found: dict[str, Any]) -> str:
    """Figures, funnel, channels, reasons of loss."""
    metrics = found["metrics"]
    shown, said = (
        Shown(metrics["language"], metrics["currency"], metrics["locale"]),
        words(metrics["language"]),
    )
    scope, period = whose(metrics, said), metrics["period"] or said["to_date"]
    parts = [
        _figures(f"{said['title']} · {scope} · {period} · {shown.day(metrics['day'])}", metrics, shown),
        *([left_out(metrics, said)] if metrics["left_out"] else []),
        _kept(metrics, shown, said),
        _funnel(found["funnel"], shown, said),
        *_cohorts(found["cohorts"], shown, said),
    ]
    if metrics.get("channels"):
        parts.append(_channels(metrics, shown, said))
    if any(one["customers"] or one["deals"] for one in metrics["loss_reasons"]):
        parts.append(_losses(metrics, shown, said))
    return "\n\n".join(parts)


def _figures(title: str, metrics: dict[str, Any], shown: Shown) -> str:
    rows = [
        [one["label"], shown.figure(one), shown.number(one["n"]), one["reason"] or one["definition"]]
        for one in metrics["metrics"]
    ]
    return table(title, ["", "", "n", ""], rows)


def _kept(metrics: dict[str, Any], shown: Shown, said: dict[str, str]) -> str:
    rows = []
    for one in metrics["kept"]:
        counts = [shown.number(one[name]) for name in ("start", "kept", "new", "end")]
        base = [shown.number(one["base_n"]), shown.value(one["base"], "money")]
        shares = [shown.figure(one[name], "share") for name in ("gross", "net", "net_with")]
        formula = shown.value(one["formula"], "share")
        rows.append(
            [one["period"], *counts, shown.figure(one["retention"], "share"), formula, *base, *shares]
        )
    return table(said["kept"], said["kept_head"].split("|"), rows)


def _cohorts(answer: dict[str, Any], shown: Shown, said: dict[str, str]) -> list[str]:
    """Shares kept by age in months; what is still to come stays blank, of too few a dash."""
    rows = [one for one in answer["cohorts"] if one["complete"]][-_COHORTS:]
    if not rows:
        return []
    ages = min(max(len(one["kept"]) for one in rows), _AGES)
    cells = []
    for one in rows:
        shares = one["kept_share"] or [None] * len(one["kept"])
        told = [shown.value(share, "share", short=True) for share in shares[:ages]]
        cells.append([one["cohort"], shown.number(one["n"]), *told, *[""] * (ages - len(told))])
    title = f"{said['cohorts']} · {said['kept_note']}"
    return [table(title, ["", "n", *(str(age) for age in range(ages))], cells)]


def _funnel(funnel: dict[str, Any], shown: Shown, said: dict[str, str]) -> str:
    rows = []
    for one in funnel["stages"]:
        share = shown.value(one.get("conversion"), "share")
        days = one.get("median_days")
        median = "–" if days is None else shown.number(days)
        rows.append([one["label"], shown.number(one["reached"]), share, median])
    return table(said["funnel"], ["", "n", "%", "days"], rows)


def _channels(metrics: dict[str, Any], shown: Shown, said: dict[str, str]) -> str:
    keys = {"cac": "money", "historic_value": "money", "clv": "money", "clv_to_cac": "ratio"}
    keys["payback_months"] = "months"
    rows = []
    for one in metrics["channels"]:
        cells = [shown.figure(one["metrics"][key], unit) for key, unit in keys.items()]
        won = shown.number(one["metrics"]["customers_won"]["n"])
        name = one["channel"] or said["unknown_channel"]
        rows.append([name, won, shown.value(one["spend"], "money"), *cells])
    return table(said["channels"], said["channels_head"].split("|"), rows)


def _losses(metrics: dict[str, Any], shown: Shown, said: dict[str, str]) -> str:
    rows = [
        [
            one["label"],
            shown.number(one["customers"]),
            shown.value(one["revenue"], "money"),
            shown.number(one["deals"]),
            shown.value(one["deal_amount"], "money"),
        ]
        for one in metrics["loss_reasons"]
    ]
    return table(said["losses"], said["losses_head"].split("|"), rows)
