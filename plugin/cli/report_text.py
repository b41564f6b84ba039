"""The portfolio as tables on a terminal."""

from __future__ import annotations

from typing import Any

from plugin.cli.show import table
from plugin.lifecycle.reading import account_lines
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import words

_MOVES = 10


def report_text(found: dict[str, Any]) -> str:
    """Figures, funnel, channels, reasons of loss."""
    metrics = found["metrics"]
    shown, said = (
        Shown(metrics["language"], metrics["currency"], metrics["locale"]),
        words(metrics["language"]),
    )
    scope, period = metrics["scope"], metrics["period"] or said["to_date"]
    parts = [
        _figures(f"{said['title']} · {scope} · {period} · {shown.day(metrics['day'])}", metrics, shown),
        _funnel(found["funnel"], shown, said),
    ]
    if metrics.get("channels"):
        parts.append(_channels(metrics, shown, said))
    if any(one["customers"] or one["deals"] for one in metrics["loss_reasons"]):
        parts.append(_losses(metrics, shown, said))
    if found["account"]:
        parts.append("\n".join(account_lines(found["account"])))
    return "\n\n".join(parts)


def _figures(title: str, metrics: dict[str, Any], shown: Shown) -> str:
    rows = [
        [one["label"], shown.figure(one), shown.number(one["n"]), one["reason"] or one["definition"]]
        for one in metrics["metrics"]
    ]
    return table(title, ["", "", "n", ""], rows)


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
