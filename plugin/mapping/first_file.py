"""The text of a first mapping file: the shipped default with its comments, and guesses filled in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from plugin.mapping.flow import flow, remark
from plugin.mapping.load import default_text
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts
from plugin.mapping.positions import Path as Place
from plugin.mapping.positions import read_yaml
from plugin.mapping.starting_sources import Guess, names_in


def first_file(facts: PortalFacts, given: Iterable[Guess]) -> str:
    """The text of the file: the shipped default with these values in it."""
    guesses = [*given]
    if headers := _headers(facts, guesses):
        guesses.append(Guess(("headers",), headers, "of the CSV files"))
    lines = default_text().splitlines()
    places = _places()
    changed = {places[(*guess.path, "<key>")][0] - 1: guess for guess in guesses}
    out: list[str] = []
    skip = -1
    for number, line in enumerate(lines):
        if number in changed:
            out += _lines(line, changed[number])
            skip = -1 if changed[number].keep else _indent(line)
        elif skip >= 0 and line.strip().startswith("- ") and _indent(line) > skip:
            continue  # the default's list, replaced
        else:
            skip = -1
            out.append(line)
    return "\n".join([*_head(facts), *out]) + "\n"


@cache
def _places() -> dict[Place, tuple[int, int]]:
    """Where each key of the shipped default stands."""
    return read_yaml(default_text().encode()).places


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _headers(facts: PortalFacts, guesses: Iterable[Guess]) -> dict[str, str]:
    """The headers of the properties that the guesses name or tell of, where they are no internal names."""
    told = [guess for guess in guesses if guess.path[0] in ("purchase", "contact", "company")]
    doubts = {doubt.name for guess in told for doubt in guess.doubts}
    used = {name for guess in told for name in (*names_in(guess.value), *guess.offered)} | doubts
    return {header: name for name, header in facts.headers.items() if name in used}


def _head(facts: PortalFacts) -> list[str]:
    """What the portal has, as comments on top: so that the file can be edited without looking it up."""
    if not (facts.properties or facts.pipelines):
        return []
    told = "the CSV files" if facts.files else "the portal"
    pipelines = " Pipelines with their stages:" if facts.pipelines else ""
    return [
        f"# Guessed from {told}; a comment beside a line says why.{pipelines}",
        *(f"# Pipeline {pipeline_line(one)}" for one in facts.pipelines),
        "",
    ]


def pipeline_line(one: PipelineFacts) -> str:
    """A pipeline for a comment: its id and label, and its stages by id, with labels, and which are won."""
    stages = (f"{remark(s.id)} ({remark(s.label)}{', won' if s.won else ''})" for s in one.stages)
    return f"{remark(one.id)} ({remark(one.label)}): {', '.join(stages)}"


def _lines(line: str, guess: Guess) -> list[str]:
    """The guess's notes, then its line."""
    notes = [*guess.notes, *(note for doubt in guess.doubts for note in doubt.notes())]
    remarks = [f"{' ' * _indent(line)}# {_note(note)}" for note in notes]
    return [*remarks, line if guess.keep else _line(line, guess)]


def _note(note: str) -> str:
    """On one line, what is set in stays so."""
    return ("  " if note.startswith("  ") else "") + remark(note)


def _line(line: str, guess: Guess) -> str:
    key = line[: line.index(":") + 1]
    value = "" if guess.value is None else " " + flow(guess.value)
    why = remark(guess.why)
    return f"{key}{value}" + (f"  # {why}" if why else "")
