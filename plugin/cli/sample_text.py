"""A few customers on a terminal: stage, reason and values; what all of them share is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from plugin.cli import show

LONGEST = 60  # signs of a value; the record in full shows all of them
Sample = dict[str, Any]
#: Says a property's pair of values, the present and the coming one.
Says = Callable[[str, list[str]], str]


def sample_lines(samples: list[Sample], named: Mapping[str, str], says: Says) -> Iterator[str]:
    """Each sample with what is its own; before them what is the same for all, where there are several.

    `named`: what stage and reason are written to; they stand above the values.
    """
    above = set(named.values())
    own = [{k: v for k, v in one["properties"].items() if k not in above} for one in samples]
    shared = _shared(own)
    if shared:
        told = "; ".join(says(name, _brief(pair)) for name, pair in shared.items())
        yield show.wrapped(f"The same for all of them: {told}", "  ")
    for one, pairs in zip(samples, own, strict=True):
        move = f"{one['from']} → {one['to']}" if one["from"] not in ("", one["to"]) else one["to"]
        yield f"{called(one)}: {move}"
        yield show.wrapped(one["reason"], "    ")
        said = [says(name, _brief(pair)) for name, pair in pairs.items() if name not in shared]
        if said:
            yield show.wrapped("; ".join(said), "    ")


def called(sample: Sample) -> str:
    """The record by type, id and, where it is read, its name."""
    return " ".join(str(sample[part]) for part in ("object", "id", "name") if sample[part])


def _shared(own: list[dict[str, list[str]]]) -> dict[str, list[str]]:
    """The properties that would go from and to the same value for every sample."""
    if len(own) < 2:
        return {}
    first, *others = own
    return {name: pair for name, pair in first.items() if all(one.get(name) == pair for one in others)}


def _brief(pair: list[str]) -> list[str]:
    return [text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for text in pair]
