"""What a first mapping file reads and what it leaves out, told to whoever had it written. Pure.

It is read off the file itself: what stands in it, and what the records have for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plugin.mapping.clash import Named, named_properties
from plugin.mapping.flow import quoted, remark
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PLURALS, PortalFacts, PropertyFacts
from plugin.mapping.starting import named_by_deals
from plugin.mapping.starting_sources import Guess, written_otherwise

#: What the reader of CSV files itself needs, and no key names.
_LINKS = ("id", "contact_ids", "company_ids", "primary_contact_id")
_SHOWN = 12


def account(facts: PortalFacts, given: Iterable[Guess], text: str) -> list[str]:
    """Sentences: whose lifecycle it is, what was found, what is in doubt, missing, unreadable or unused.

    `text` is the file that was written for these `facts` with the guesses `given`.
    """
    mapping, guesses = read_mapping(text.encode())[0], [*given]
    doubted = {(_kind(guess), doubt.name) for guess in guesses for doubt in guess.doubts}
    read = [one for one in _read(facts, mapping) if (one[0].object_type, one[0].name) not in doubted]
    unfit = [(one, have) for one, have in read if _unfit(one, have, facts)]
    sure = [both for both in read if both not in unfit and both[1].filled != 0]
    empty = [both for both in read if both[1].filled == 0]
    lines = {
        "Found": [*_pipelines(mapping), *_stages(guesses), *_found(sure)],
        "In doubt, not declared (the file's comments have each way)": [*_doubts(facts, guesses)],
        "Not taken": [why for guess in guesses for why in guess.refused],
        "Not found": [*_links(facts, mapping), *_missing(facts, mapping), *_empty(empty), *_idle(guesses)],
        "Not readable": [*_unreadable(sure), *_never(unfit), *_created(facts)],
        "Not used, but conditions may name it (see `extras` in the file)": [*_offered(facts, guesses)],
        "Read by nothing": [*_idle_columns(facts, mapping, guesses)],
        "Not looked at": [*_other(facts, mapping)],
    }
    told = [f"{head}: {'; '.join(dict.fromkeys(parts))}." for head, parts in lines.items() if parts]
    return [_customers(facts, mapping), *told]


def _customers(facts: PortalFacts, mapping: Mapping) -> str:
    seen = named_by_deals(facts)
    kinds = " and ".join(PLURALS[kind] for kind in mapping.customer_objects())
    return f"Customers: {kinds} ({seen})." if seen else f"Customers: {kinds}."


def _read(facts: PortalFacts, mapping: Mapping) -> Iterator[tuple[Named, PropertyFacts]]:
    """What the file names and the records have."""
    for one in named_properties(mapping):
        if have := facts.properties.get(one.object_type, {}).get(one.name):
            yield one, have


def _unfit(one: Named, have: PropertyFacts, facts: PortalFacts) -> bool:
    """Whether a file's values are not at all what the key needs."""
    told = have.spelling.kind if have.spelling else "text"
    return facts.files and bool(have.filled) and one.kind in ("date", "number") and told != one.kind


def _pipelines(mapping: Mapping) -> Iterator[str]:
    if chosen := mapping.purchase.pipelines:
        yield f"purchase.pipelines = {', '.join(map(remark, chosen))}"


def _stages(guesses: Iterable[Guess]) -> Iterator[str]:
    """`purchase.lost_stages = Lost (the stages whose name says lost; open are the others: Offer)`."""
    for guess in guesses:
        if guess.path[1:] in (("won_stages",), ("lost_stages",)) and guess.value:
            yield f"{_path(guess)} = {', '.join(map(remark, guess.value))} ({guess.why})"


def _key(one: Named) -> str:
    return f"{one.path[0]}.{one.path[1]}"


def _found(read: Iterable[tuple[Named, PropertyFacts]]) -> Iterator[str]:
    """`purchase.amount = Sum (written 1.234,50; 6 of 6 values)`, each key once."""
    keys: dict[str, list[str]] = {}
    for one, have in read:
        keys.setdefault(_key(one), []).append(_written(have))
    yield from (f"{key} = {', '.join(some)}" for key, some in keys.items())


def _written(have: PropertyFacts) -> str:
    """A property by its label, how it is written and how many values are read."""
    told = [f"written {quoted(have.spelling.example)}"] if have.spelling and have.spelling.reading else []
    if have.spelling:
        told.append(_count(have.spelling.ways[0].read, have.spelling.values))
    elif have.filled is not None:
        told.append(_count(have.filled, have.filled))
    said = f" ({'; '.join(told)})" if told else ""
    return remark(have.label) + said


def _count(read: int, total: int) -> str:
    return f"{read:,} of {total:,} {'value' if total == 1 else 'values'}"


def _doubts(facts: PortalFacts, guesses: Iterable[Guess]) -> Iterator[str]:
    for guess in guesses:
        kind = _kind(guess)
        for doubt in guess.doubts:
            label = facts.properties[kind][doubt.name].label
            yield f"{_path(guess)} ({remark(label)}: {quoted(doubt.spelling.example)})"


def _kind(guess: Guess) -> str:
    return "deal" if guess.path[0] == "purchase" else str(guess.path[0])


def _path(guess: Guess) -> str:
    return ".".join(map(str, guess.path))


def _idle_columns(facts: PortalFacts, mapping: Mapping, guesses: Iterable[Guess]) -> Iterator[str]:
    """`Branch, Staff of companies`: the columns with values that no key reads, the first of them."""
    told = {(_kind(one), name) for one in guesses for name in (*one.offered, *(d.name for d in one.doubts))}
    for kind, have in facts.properties.items() if facts.files else ():
        if kind == "company" and mapping.customer == "contact":
            continue  # told by `_other`
        read = {*_LINKS, *mapping.read_properties(kind), *(name for of, name in told if of == kind)}
        left = [remark(one.label) for name, one in have.items() if one.filled and name not in read]
        more = f" and {len(left) - _SHOWN:,} more" if len(left) > _SHOWN else ""
        if left:
            yield f"{', '.join(left[:_SHOWN])}{more} of {PLURALS[kind]}"


def _links(facts: PortalFacts, mapping: Mapping) -> Iterator[str]:
    """Columns without which the files cannot be read at all."""
    name = "name yours under `headers`"
    for kind, have in facts.properties.items() if facts.files else ():
        read = kind == "deal" or kind in mapping.customer_objects()
        if read and "id" not in have:
            yield f"the ids ({facts.where(kind)} has no Record ID: {name})"
        if kind != "deal":
            continue
        for owner in mapping.customer_objects():
            if f"{owner}_ids" not in have:
                ids = f"Associated {owner.capitalize()} IDs"
                yield f"whose a deal is ({facts.where(kind)} has no {ids}: {name})"
        if not {"dealstage", "hs_is_closed_won"} & {*have}:
            yield f"what is won ({facts.where(kind)} has no Deal Stage or Is Closed Won: {name})"


def _missing(facts: PortalFacts, mapping: Mapping) -> Iterator[str]:
    """What a purchase cannot do without, with the cure."""
    deals, where = facts.properties.get("deal"), facts.where("deal")
    purchase = mapping.purchase
    for key, names in (("amount", purchase.amount), ("date", (purchase.date,))):
        if deals and not any(name in deals for name in names):
            yield f"purchase.{key} ({where} has no {' or '.join(names)}: name yours at that key)"


def _empty(read: Iterable[tuple[Named, PropertyFacts]]) -> Iterator[str]:
    yield from (f"{_key(one)} ({remark(have.label)} is empty)" for one, have in read)


def _idle(guesses: Iterable[Guess]) -> Iterator[str]:
    """The keys that stay empty because nothing is there for them."""
    for guess in guesses:
        if guess.value in (None, []) and not guess.doubts and not guess.keep:
            yield _path(guess)


def _unreadable(read: Iterable[tuple[Named, PropertyFacts]]) -> Iterator[str]:
    """Values of what is read that are not written as the rest."""
    for _, have in read:
        if have.spelling and have.spelling.unread:
            total = have.spelling.values
            left = total - have.spelling.ways[0].read
            examples = ", ".join(map(quoted, have.spelling.unread))
            yield f"{left:,} of {total:,} values of {remark(have.label)}: {examples}"


def _never(unfit: Iterable[tuple[Named, PropertyFacts]]) -> Iterator[str]:
    """Columns that a key names and whose values are something else."""
    for one, have in unfit:
        yield f"{_key(one)} = {remark(have.label)}: its values are no {one.kind}s"


def _created(facts: PortalFacts) -> Iterator[str]:
    """The day on which deals were created: no key declares it."""
    made = facts.properties.get("deal", {}).get("createdate")
    if made and made.spelling and written_otherwise(made):
        how = "no key declares it, write it as 2026-01-31 in the file"
        yield f"{remark(made.label)} of deals ({quoted(made.spelling.example)}): {how}"


def _offered(facts: PortalFacts, guesses: Iterable[Guess]) -> Iterator[str]:
    for guess in guesses:
        yield from (remark(facts.properties[_kind(guess)][name].label) for name in guess.offered)


def _other(facts: PortalFacts, mapping: Mapping) -> Iterator[str]:
    """The file of those who are no customers."""
    if facts.files and mapping.customer == "contact" and facts.properties.get("company"):
        yield "the CSV of companies, as customer is contact (for companies, too: `customer: both`)"
