"""The page's drawings: columns by month, a table of shares as shades. No scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

#: Colours are the page's: `.column` is filled with its accent, `.running` is what is not over, paler.


def columns(labels: Sequence[str], values: Sequence[float | None], said: Sequence[str], most: str) -> str:
    """One column a month, the last (running) one lighter; a month without a figure stays empty.

    `said` are the values as text, `most` how the largest of them is announced, with a blank `{value}`.
    """
    known = [value for value in values if value is not None]
    highest, least = max([*known, 0]) or 1, min([*known, 0])
    scale = 110 / (highest - least)
    wide = 320 / max(len(values), 1)
    zero = 14 + highest * scale
    drawn = []
    for i, value in enumerate(values):
        if value is None:
            continue
        top, height = zero - max(value, 0) * scale, abs(value) * scale
        kind = "column running" if i == len(values) - 1 else "column"
        drawn.append(
            f'<rect x="{i * wide + 0.5:.1f}" y="{top:.1f}" width="{max(wide - 1.5, 0.5):.1f}" '
            f'height="{max(height, 0.5):.1f}" class="{kind}"><title>{escape(labels[i])}: {escape(said[i])}'
            "</title></rect>"
        )
    best = max(range(len(values)), key=lambda i: -1 if values[i] is None else float(values[i] or 0))
    ends = (
        f'<text x="0" y="142" class="n">{escape(labels[0])}</text>'
        f'<text x="320" y="142" text-anchor="end" class="n">{escape(labels[-1])}</text>'
        f'<text x="0" y="10" class="n">{escape(most.format(value=said[best]))}</text>'
    )
    return f'<svg viewBox="0 0 320 148" role="img">{"".join(drawn)}{ends}</svg>'


Cohort = tuple[str, str, Sequence[float] | None]


def heat(head: Sequence[str], rows: Sequence[Cohort], ages: int) -> str:
    """Rows of (label, size, shares by age or None for too few): the larger the share the darker."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in (*head, *map(str, range(ages))))
    body = "".join(_heat_row(row, ages) for row in rows)
    return (
        f'<div class="scroll"><table class="heat"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _heat_row(row: Cohort, ages: int) -> str:
    label, size, shares = row
    told = ["<td>–</td>"] if shares is None else [_shade(one) for one in shares[:ages]]
    return f"<tr><th>{escape(label)}</th><td>{escape(size)}</td>{''.join(told)}</tr>"


def _shade(share: float) -> str:
    strength = min(max(share, 0.0), 1.0)
    ink = "#fff" if strength > 0.55 else "inherit"
    shade = f"color-mix(in srgb,var(--accent) {100 * strength:.0f}%,transparent)"
    return f'<td style="background:{shade};color:{ink}">{100 * share:.0f}</td>'
