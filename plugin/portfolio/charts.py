"""The page's drawings: bars of a funnel, columns by month, a table of shares as shades. No scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

#: Colours are the page's: `.bar` is filled with its accent, `.running` is what is not over, paler.


def bars(rows: Sequence[tuple[str, int, str]]) -> str:
    """One bar a row of (label, size, text beside it)."""
    most = max((size for _, size, _ in rows), default=0) or 1
    lines = []
    for i, (label, size, text) in enumerate(rows):
        y, width = i * 34, 330 * size / most
        lines.append(
            f'<text x="150" y="{y + 20}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="160" y="{y + 3}" width="{max(width, 1):.1f}" height="24" rx="4" class="bar"/>'
            f'<text x="{170 + width:.1f}" y="{y + 20}" class="n">{escape(text)}</text>'
        )
    return f'<svg viewBox="0 0 760 {34 * max(len(rows), 1)}" role="img">{"".join(lines)}</svg>'


def columns(labels: Sequence[str], values: Sequence[float | None], said: Sequence[str]) -> str:
    """One column a month, the last (running) one lighter; a month without a figure stays empty."""
    known = [value for value in values if value is not None]
    most, least = max([*known, 0]) or 1, min([*known, 0])
    scale = 110 / (most - least)
    wide = 320 / max(len(values), 1)
    zero = 14 + most * scale
    drawn = []
    for i, value in enumerate(values):
        if value is None:
            continue
        top, height = zero - max(value, 0) * scale, abs(value) * scale
        kind = "bar running" if i == len(values) - 1 else "bar"
        drawn.append(
            f'<rect x="{i * wide + 0.5:.1f}" y="{top:.1f}" width="{max(wide - 1.5, 0.5):.1f}" '
            f'height="{max(height, 0.5):.1f}" class="{kind}"><title>{escape(labels[i])}: {escape(said[i])}'
            "</title></rect>"
        )
    best = max(range(len(values)), key=lambda i: -1 if values[i] is None else float(values[i] or 0))
    ends = (
        f'<text x="0" y="142" class="n">{escape(labels[0])}</text>'
        f'<text x="320" y="142" text-anchor="end" class="n">{escape(labels[-1])}</text>'
        f'<text x="0" y="10" class="n">max {escape(said[best])}</text>'
    )
    return f'<svg viewBox="0 0 320 148" role="img">{"".join(drawn)}{ends}</svg>'


Shares = Sequence[tuple[str, str, Sequence[float] | None, str | None]]
AGES = 13


def heat(rows: Shares, text: Callable[[float], str]) -> str:
    """Rows of (label, size, shares by age or None, reason): the larger the share the darker."""
    ages = min(max((len(shares) for _, _, shares, _ in rows if shares), default=1), AGES)
    head = "".join(f'<th style="text-align:center">{age}</th>' for age in range(ages))
    body = "".join(_heat_row(row, ages, text) for row in rows)
    return (
        f'<div class="scroll"><table class="heat"><thead><tr><th></th><th>n</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _heat_row(
    row: tuple[str, str, Sequence[float] | None, str | None], ages: int, text: Callable[[float], str]
) -> str:
    label, size, shares, reason = row
    if shares is None:
        told = f'<td colspan="{ages}" class="note" style="text-align:left">{escape(reason or "")}</td>'
    else:
        told = "".join(_shade(share, text(share)) for share in shares[:ages])
    return f"<tr><th>{escape(label)}</th><td>{escape(size)}</td>{told}</tr>"


def _shade(share: float, text: str) -> str:
    strength = min(max(share, 0.0), 1.0)
    ink = "#fff" if strength > 0.55 else "inherit"
    shade = f"color-mix(in srgb,var(--accent) {100 * strength:.0f}%,transparent)"
    return f'<td style="background:{shade};color:{ink}">{escape(text)}</td>'
