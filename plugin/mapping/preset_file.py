"""A preset's file for CSV files: what the files have is filled in, what they lack is commented out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from plugin.errors import InputError
from plugin.mapping import presets
from plugin.mapping.clash import named_properties
from plugin.mapping.first_file import filled_in
from plugin.mapping.fitting import Fitted, fitted
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PLURALS, PortalFacts
from plugin.mapping.starting import guesses
from plugin.mapping.starting_sources import Guess


def preset_guesses(text: str, facts: PortalFacts) -> list[Guess]:
    """What the CSV files add to a preset's text, or have otherwise than it says."""
    mapping = read_mapping(text.encode())[0]
    customer = mapping.customer
    return [guess for guess in guesses(facts, customer, mapping) if _adds(guess, mapping)]


def _adds(guess: Guess, mapping: Mapping) -> bool:
    """Whether a guess says more than the preset; what is missing `fitted` comments out, line by line."""
    if len(guess.path) < 2 or guess.keep:
        return len(guess.path) > 1 and guess.says
    if guess.says:
        return True
    given = guess.value if isinstance(guess.value, list) else [guess.value]
    return not {*given} <= {None, *_said(guess, mapping)}


def _said(guess: Guess, mapping: Mapping) -> Iterator[Any]:
    """What the preset says at the place of a guess."""
    section, key = guess.path[0], str(guess.path[1])
    value = getattr(mapping.purchase if section == "purchase" else mapping.sources(str(section)), key)
    yield from value if isinstance(value, tuple) else (value,)


def preset_file(name: str, facts: PortalFacts, given: Iterable[Guess]) -> Fitted:
    """The preset's file for these CSV files, with the guesses `given` in it.

    InputError: the files have nothing of what the preset is about.
    """
    _refuse_others(name, facts)
    text = presets.text(name)
    own = {one.name for one in named_properties(read_mapping(text.encode())[0])}
    headers = {header: name for name, header in facts.headers.items() if name in own}
    known = replace(facts, columns={**facts.columns, **headers})
    made = fitted("\n".join(filled_in(text, known, given)) + "\n", facts)
    _refuse_foreign(name, read_mapping(made.text.encode())[0])
    return made


def _refuse_others(name: str, facts: PortalFacts) -> None:
    """InputError: whom the preset calls a customer is in no file."""
    for kind in read_mapping(presets.text(name).encode())[0].customer_objects():
        if not facts.properties.get(kind):
            many = PLURALS[kind]
            said = f"its customers are {many}, and no CSV of {many} is given"
            raise InputError(
                f"The preset {name} does not fit these files: {said}.",
                cure=f"Add --{many} FILE, or take another preset: `lifecycle config preset` lists them.",
            )


def _refuse_foreign(name: str, mapping: Mapping) -> None:
    """InputError: of what tells this kind of business nothing is left."""
    needed = presets.RESTS_ON.get(name, ())
    kinds = mapping.customer_objects()
    if needed and not any(getattr(mapping.sources(kind), key) for kind in kinds for key in needed):
        where = " or ".join(f"{kind}.{key}" for kind in kinds for key in needed)
        raise InputError(
            f"The preset {name} does not fit these files: no column says what it rests on ({where}).",
            cure="Export such a property of the customers too, or take another preset: "
            "`lifecycle config preset` lists them.",
        )
