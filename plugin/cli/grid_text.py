"""Tables and paragraphs of the portfolio on a terminal: no line is wider than it, no word or number broken.

What does not fit beside the first column goes on below, under the same first column.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from plugin.portfolio.grids import Grid, Row

_FIRST = 30  # characters of the first column, beyond which its words go to the next line
_MOST_LINES = 5  # of a heading
INDENT = 2


def screen(parts: Iterable[RenderableType]) -> str:
    """The parts as text for standard output, without blanks at the ends of lines."""
    console = Console(highlight=False)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def wide() -> int:
    """Columns of the terminal."""
    return Console().width


def wrapped(text: str, width: int, hanging: str = "") -> str:
    """The text in lines; numbers are kept whole, as their thousands are parted by other than plain blanks."""
    return "\n".join(
        textwrap.wrap(text, max(width, 10), subsequent_indent=hanging, break_on_hyphens=False) or [""]
    )


def paragraph(text: str, width: int, *, style: str = "", indent: int = 0) -> RenderableType:
    """A sentence or more."""
    made = Text(wrapped(text, width - indent), style=style, no_wrap=True)
    return Padding(made, (0, 0, 0, indent)) if indent else made


def grid_parts(grid: Grid, width: int, gap: int = 2) -> list[RenderableType]:
    """The table's title, the sentences before it, the table, and those after it."""
    parts: list[RenderableType] = [paragraph(grid.title, width, style="bold")]
    parts += [paragraph(one, width, style="dim") for one in grid.before]
    parts += [_table(*block) for block in _blocks(grid, width, gap)]
    return parts + [paragraph(one, width, style="dim") for one in grid.after]


def first_width(heads: Sequence[str], cells: Sequence[str]) -> int:
    """How wide a column of names is."""
    longest = max((cell_len(cell) for cell in cells), default=0)
    return max(min(longest, _FIRST), *(_longest_word(head) for head in heads), 1)


def head_width(title: str, lines: int) -> int:
    """The least width in which a heading takes so many lines at most, its words whole."""
    width = _longest_word(title)
    while len(textwrap.wrap(title, max(width, 1), break_long_words=False)) > lines:
        width += 1
    return width


def _longest_word(text: str) -> int:
    return max((len(word) for word in text.split(" ")), default=0)


Block = tuple[Row, Sequence[Row], list[int], int]  # headings, rows, widths, blanks between columns


def _blocks(grid: Grid, width: int, gap: int) -> list[Block]:
    """The parts of the table, each of which fits beside the first column; one, if it can be."""
    if not grid.rows:
        return []
    columns = list(range(1, len(grid.head)))
    for blanks in range(gap, 0, -1):
        for lines in range(2, _MOST_LINES + 1):
            widths = _widths(grid, columns, lines)
            if _total(widths, blanks) <= width:
                return [_block(grid, columns, widths, blanks)]
    return _broken(grid, columns, width, gap)


def _broken(grid: Grid, columns: list[int], width: int, gap: int) -> list[Block]:
    """Blocks of as many columns as fit, at least one each."""
    blocks, left = [], columns
    while left:
        count = len(left)
        while count > 1 and _total(_widths(grid, left[:count], 3), gap) > width:
            count -= 1
        blocks.append(_block(grid, left[:count], _widths(grid, left[:count], 3), gap))
        left = left[count:]
    return blocks


def _widths(grid: Grid, columns: list[int], lines: int) -> list[int]:
    names = first_width([grid.head[0]], [row[0] for row in grid.rows])
    figures = [
        max(head_width(grid.head[at], lines), *(cell_len(row[at]) for row in grid.rows)) for at in columns
    ]
    return [names, *figures]


def _total(widths: list[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _block(grid: Grid, columns: list[int], widths: list[int], gap: int) -> Block:
    def cut(row: Row) -> Row:
        return (row[0], *(row[at] for at in columns))

    return cut(grid.head), [cut(row) for row in grid.rows], widths, gap


def _table(head: Row, rows: Sequence[Row], widths: list[int], gap: int) -> Table:
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))
    for at, (title, width) in enumerate(zip(head, widths, strict=True)):
        made.add_column(
            Text(wrapped_cell(title, width)),
            width=width,
            no_wrap=True,
            justify="right" if at else "left",
            vertical="bottom",
            header_style="",
        )
    for row in rows:
        made.add_row(
            *(Text(wrapped_cell(cell, width)) for cell, width in zip(row, widths, strict=True)),
        )
    return made


def wrapped_cell(text: str, width: int) -> str:
    """A cell's text in lines; only a word that is wider than the column is broken."""
    if cell_len(text) <= width:
        return text
    signs = width if cell_len(text) == len(text) else width // 2  # wide ones take two places
    return "\n".join(textwrap.wrap(text, signs, break_on_hyphens=False))
