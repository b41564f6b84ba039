"""A backtest as one HTML page: tables, and what was predicted against what came. No scripts, no network."""

from __future__ import annotations

from html import escape
from typing import Any

from plugin.cli.backtest import HEADERS, cells

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}
svg{background:#fafafa;border:1px solid #ddd;margin-right:1rem}
figure{display:inline-block;margin:0}
figcaption{color:#555;font-size:13px}
"""
_SIZE = 220


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
the 80 % interval. A plain rule that beats the models is a finding, not a fault of the table.</p>"""


def _origin(one: dict[str, Any], days: int) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADERS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells(score)) + "</tr>"
        for score in one["scores"]
    )
    plots = "".join(_plot(score) for score in one["scores"] if score["calibration"])
    return (
        f"<h2>{escape(one['origin'])}</h2><p>{one['customers']:,} customers, {one['purchases']:,.0f} "
        f"purchases in the next {days} days.</p><table><tr>{head}</tr>{rows}</table>{plots}"
    )


def _plot(score: dict[str, Any]) -> str:
    """Predicted silence to the right, what came upwards; on the line the chances were right."""
    dots = "".join(
        f'<circle cx="{one["predicted"] * _SIZE:.1f}" cy="{(1 - one["came"]) * _SIZE:.1f}" r="4" '
        f'fill="#2563eb"><title>{one["predicted"]:.0%} predicted, {one["came"]:.0%} came</title></circle>'
        for one in score["calibration"]
    )
    line = f'<line x1="0" y1="{_SIZE}" x2="{_SIZE}" y2="0" stroke="#bbb"/>'
    box = f'width="{_SIZE}" height="{_SIZE}"'
    return (
        f'<figure><svg {box} role="img" aria-label="calibration">{line}{dots}</svg>'
        f"<figcaption>{escape(score['name'])}: chance of silence, by tenths</figcaption></figure>"
    )
