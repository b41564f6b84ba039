"""A backtest as one HTML page: tables, and what was predicted against what came. No scripts, no network."""

from __future__ import annotations

from html import escape
from typing import Any

from plugin.cli.backtest_text import HEADERS, cells, notes

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:66rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}
svg{background:#fafafa;border:1px solid #ddd;margin-right:1rem;overflow:visible}
figure{display:inline-block;margin:0 0 1rem}
figcaption,.notes{color:#555;font-size:13px}
"""
_SIZE = 220
_BAR, _WIDE = 18, 320


def page(found: list[dict[str, Any]], days: int) -> str:
    """The whole page."""
    parts = "".join(_origin(one, days) for one in found)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Backtest</title>'
        f"<style>{_STYLE}</style></head><body><h1>What predictions would have been worth</h1>{_LEGEND}{parts}"
        "</body></html>\n"
    )


_LEGEND = """<p>Each model saw only what was known on the day named. <b>RMSE</b>, <b>MAE</b>: error per
customer, in purchases. <b>total</b>: error of the sum. <b>rank</b>: Spearman's correlation. <b>top tenth</b>:
purchases of the predicted best tenth, by those of the true one. <b>risk AUC</b>: chance that a customer who
then stayed silent had the higher risk; 0.5 is chance. <b>in interval</b>: customers whose money ended inside
the 80 % interval, which holds chance and the parameters' own uncertainty; <b>above it</b> should be about one
in ten. A plain rule that beats the models is a finding, not a fault of the table.</p>"""


def _origin(one: dict[str, Any], days: int) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADERS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells(score)) + "</tr>"
        for score in one["scores"]
    )
    plots = "".join(_plot(score) + _tenths(score) for score in one["scores"] if score["calibration"])
    said = "".join(f"<li>{escape(note)}</li>" for note in notes(one))
    return (
        f"<h2>{escape(one['origin'])}</h2><p>{one['customers']:,} customers, {one['purchases']:,.0f} "
        f"purchases in the next {days} days.</p><table><tr>{head}</tr>{rows}</table>"
        f'<ul class="notes">{said}</ul>{_bars(one["scores"])}<br>{plots}'
    )


def _bars(scores: list[dict[str, Any]]) -> str:
    """RMSE side by side: the shorter the better."""
    longest = max(score["rmse"] for score in scores) or 1.0
    rows = "".join(
        f'<rect x="0" y="{i * _BAR + 3}" width="{score["rmse"] / longest * _WIDE:.1f}" height="{_BAR - 5}" '
        f'fill="{"#2563eb" if score["calibration"] else "#9ca3af"}"/><text x="{_WIDE + 8}" '
        f'y="{i * _BAR + 14}" font-size="12">{escape(score["name"])}: {score["rmse"]:.3f}</text>'
        for i, score in enumerate(scores)
    )
    return (
        f'<figure><svg width="{_WIDE + 260}" height="{len(scores) * _BAR + 4}" role="img" '
        f'aria-label="RMSE">{rows}</svg><figcaption>RMSE, models and plain rules</figcaption></figure>'
    )


def _plot(score: dict[str, Any]) -> str:
    """Predicted silence to the right, what came upwards; on the line the chances were right."""
    dots = "".join(
        _dot(one["predicted"], one["came"], f"{one['predicted']:.0%} predicted, {one['came']:.0%} came")
        for one in score["calibration"]
    )
    return _square(dots, f"{escape(score['name'])}: chance of silence, by tenths")


def _tenths(score: dict[str, Any]) -> str:
    """Mean purchases predicted to the right, what came upwards, for each tenth of the customers."""
    most = max((max(one["predicted"], one["came"]) for one in score["tenths"]), default=0.0) or 1.0
    dots = "".join(
        _dot(
            one["predicted"] / most,
            one["came"] / most,
            f"{one['predicted']:.2f} predicted, {one['came']:.2f} came",
        )
        for one in score["tenths"]
    )
    return _square(dots, f"{escape(score['name'])}: purchases by tenths, up to {most:.2g}")


def _dot(x: float, y: float, said: str) -> str:
    return (
        f'<circle cx="{x * _SIZE:.1f}" cy="{(1 - y) * _SIZE:.1f}" r="4" fill="#2563eb">'
        f"<title>{said}</title></circle>"
    )


def _square(dots: str, caption: str) -> str:
    line = f'<line x1="0" y1="{_SIZE}" x2="{_SIZE}" y2="0" stroke="#bbb"/>'
    box = f'width="{_SIZE}" height="{_SIZE}"'
    return (
        f'<figure><svg {box} role="img" aria-label="calibration">{line}{dots}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
