"""Lines of text on a terminal: none wider than it, no word broken; elsewhere a line stays a line, for grep.

A place, as in `rules.yaml:12:7:`, stays whole at the beginning of its line, so that a terminal can open it.
"""

from __future__ import annotations

import re
import sys

import click
from rich.cells import cell_len
from rich.console import Console

_PLACE = re.compile(r"\s*\S.*?:\d+:\d+:(?= )")
_WORDS = re.compile(r"( *)([^ ]+)")  # with what stands before each: columns stay where they are
_NARROWEST = 40  # below it lines of a few words help nobody


def say(text: str, *, err: bool = False) -> None:
    """Print a text of one or more lines; what goes on below stands two further in than its line."""
    if (sys.stderr if err else sys.stdout).isatty():
        width = max(Console(stderr=err).width, _NARROWEST)
        text = "\n".join(wrapped(line, width) for line in text.split("\n"))
    click.echo(text, err=err)


def wrapped(line: str, width: int) -> str:
    """One line as several, each at most `width` columns wide, but for words and places that are wider."""
    if _seen(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip(" "))]
    found = _PLACE.match(line)
    head = found[0] if found else indent
    lines, begun = [head], bool(found)
    for gap, word in _WORDS.findall(line[len(head) :]):
        if begun and _seen(f"{lines[-1]}{gap}{word}") > width:
            lines.append(f"{indent}  {word}")
        else:
            lines[-1] += f"{gap}{word}"
        begun = True
    return "\n".join(lines)


def _seen(text: str) -> int:
    """The columns that a text takes; colours take none."""
    return cell_len(click.unstyle(text))


def tell_error(error: Exception) -> None:
    """An error with its cure; where it begins with a place, that stands at the beginning of a line."""
    said = f"Error: {error}"
    placed = _PLACE.match(said.partition("\n")[0])
    say(said.replace("Error: ", "Error:\n", 1) if placed else said, err=True)
