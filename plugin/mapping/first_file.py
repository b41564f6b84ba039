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
    return "\n".join([*_head(facts), *filled_in(default_text(), facts, given)]) + "\n"


def filled_in(text: str, facts: PortalFacts, given: Iterable[Guess]) -> list[str]:
    """The lines of a mapping file with these values in it; keys that it lacks are put into their section."""
    guesses = [*given]
    if named := {**facts.columns, **_headers(facts, guesses)}:
        guesses.append(Guess(("headers",), named, "of the CSV files"))
    lines, places = text.splitlines(), _places(text)
    changed = {places[key][0] - 1: guess for guess in guesses if (key := (*guess.path, "<key>")) in places}
    new = [guess for guess in guesses if (*guess.path, "<key>") not in places]
    out: list[str] = []
    skip = -1
    for number, line in enumerate(lines):
        if number in changed:
            out += _lines(line, changed[number])
            skip = -1 if changed[number].keep else _indent(line)
        elif skip >= 0 and line.strip().startswith("- ") and _indent(line) > skip:
            continue  # the list that stood there, replaced
        else:
            skip = -1
            out.append(line)
        out += [one for guess in new if _begins(guess, places) == number for one in _added(guess)]
    return [*out, *_sections(new, places)]


def _begins(guess: Guess, places: dict[Place, tuple[int, int]]) -> int | None:
    """The number of the line that begins the section of a key."""
    found = places.get((guess.path[0], "<key>")) if len(guess.path) > 1 else None
    return found[0] - 1 if found else None


def _added(guess: Guess) -> list[str]:
    """A key that the file does not have, with its notes; of one that is to stay as it is only the notes."""
    indent = "  " * (len(guess.path) - 1)
    lines = _lines(f"{indent}{guess.path[-1]}:", guess)
    return lines[:-1] if guess.keep else lines


def _sections(new: Iterable[Guess], places: dict[Place, tuple[int, int]]) -> list[str]:
    """The sections that the file does not have, and what is new in them."""
    made: dict[str, list[str]] = {}
    for guess in new:
        if _begins(guess, places) is None and not guess.keep:
            made.setdefault(str(guess.path[0]), []).extend(_added(guess))
    heads = {name: [] if lines[-1].startswith(f"{name}:") else [f"{name}:"] for name, lines in made.items()}
    return [line for name, lines in made.items() for line in ("", *heads[name], *lines)]


@cache
def _places(text: str) -> dict[Place, tuple[int, int]]:
    """Where each key of a file stands."""
    return read_yaml(text.encode()).places


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
