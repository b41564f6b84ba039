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
    "td.r,th.r{text-align:right;padding:7px 0 7px 14px}td.r{white-space:nowrap}"
    ".meter{display:block;height:5px;border-radius:3px;background:var(--accent);margin:3px 0 0 auto}"
    ".figures th[colspan]{padding-top:16px;color:var(--ink);font-weight:600}"
    ".figures td:nth-child(2){white-space:nowrap}.figures td:nth-child(3){min-width:140px}"
    "@media(max-width:640px){.figures thead{display:none}.figures tr,.figures td,.figures th{display:block}"
    ".figures td{border:0;padding:1px 0}.figures tr{border-bottom:1px solid var(--line);padding:6px 0}"
    ".figures th[colspan]{border:0}.figures td:nth-child(2){font-size:17px}"
    "main{padding:22px 12px}section{padding:16px 14px}.cards{grid-template-columns:repeat(2,minmax(0,1fr))}"
    ".cards div{padding:14px 12px}.cards b{font-size:18px}"
    "table{font-size:12.5px}td.r,th.r{padding-left:8px}}"
    "td.d{color:var(--soft);min-width:240px}td.d strong{color:var(--ink);font-weight:500}"
    ".scroll+.note{margin-top:10px}.note:last-child{margin-bottom:0}.minis{display:grid;gap:18px;"
    "grid-template-columns:repeat(auto-fit,minmax(300px,1fr))}.minis h3{font-size:14px;margin:0 0 6px;"
    "font-weight:500}table.heat{width:auto}table.heat td{padding:3px 5px;text-align:center;"
    "font-size:12px;border:0;white-space:nowrap}"
    "table.heat th{padding:3px 5px;font-size:12px;text-align:center}"
    ":root{--accent:#3b82f6}svg .column{fill:var(--accent)}svg .running{opacity:.5}"
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
