"""The portfolio as one self-contained HTML page: figures, months, funnel, cohorts, channels, losses.

Pure: answers → HTML. Drawings are inline SVG; nothing is loaded from outside and nothing runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from plugin.lifecycle.report_texts import STYLE
from plugin.portfolio import ways_shown
from plugin.portfolio.sections import Sections

_MORE = (
    ".cards{grid-template-columns:repeat(auto-fit,minmax(210px,1fr))}"
    "td small{color:var(--soft);display:block}"
    ".cards div{min-width:0}.cards small{color:var(--soft);display:block;font-size:12px}"
    "td.r,th.r{text-align:right}td abbr{text-decoration:none;color:var(--soft);cursor:help}"
    "td.d{color:var(--soft);max-width:430px}.minis{display:grid;gap:18px;"
    "grid-template-columns:repeat(auto-fit,minmax(300px,1fr))}.minis h3{font-size:14px;margin:0 0 6px;"
    "font-weight:500}table.heat td{padding:3px 5px;text-align:center;font-size:12px;border:0;"
    "white-space:nowrap}table.heat th{padding:3px 5px;font-size:12px}"
    ":root{--accent:#3b82f6}svg .bar{fill:var(--accent)}svg .running{opacity:.5}"
)


def page(metrics: Mapping[str, Any], funnel: Mapping[str, Any], cohorts: Mapping[str, Any]) -> str:
    """The page made of the three answers, in their language and currency."""
    made = Sections(metrics)
    parts = (
        made.cards(),
        made.months(),
        made.kept(),
        ways_shown.funnel(funnel),
        ways_shown.cohorts(cohorts),
        made.channels(),
        made.losses(),
        made.figures(),
    )
    title = escape(f"{made.words['title']} · {made.shown.day(metrics['day'])}")
    return (
        f'<!doctype html>\n<html lang="{made.shown.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}{_MORE}</style></head><body><main><h1>{escape(made.words['title'])}</h1>"
        f'<p class="sub">{escape(made.subtitle())}</p>{"".join(parts)}</main></body></html>\n'
    )
