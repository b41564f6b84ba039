"""Tables of customers: what is recorded of each, and what is expected when. Reads YAML, CSV or a dict.

Everything unknown or misspelt is refused with the customer's name and a cure; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from plugin.errors import InputError
from plugin.mapping.findings import Finding
from plugin.mapping.positions import Document, read_yaml
from plugin.testing.cases import Case, Sale, Table
from plugin.testing.table_csv import from_csv
from plugin.testing.table_values import (
    FIRST,
    Fault,
    Where,
    day,
    keyed,
    listed,
    mapped,
    number,
    plain,
    text,
    texts,
)

EXPECTED = ("stage", "flags", "segments", "next_stage", "next_stage_on", "risk_level", "facts")
_SINGLE = ("stage", "next_stage", "next_stage_on", "risk_level")
_TOP = ("mapping", "model", "rules", "portal", "customers")
_CASE = ("name", "object", "created", "properties", "changes", "contacts", "deals", "expect", "path")
_DEAL = ("opened", "moved", "won", "lost", "amount", "properties")
_PORTAL = ("usual_gap_days", "repeat_customers", "seen")
_KEYS = {"id", "contact_ids", "company_ids", "primary_contact_id"}
_OBJECTS = ("contact", "company")
#: A spreadsheet larger than this is no table of tests.
_MAX_BYTES = 20_000_000
_SHOWN = 200


def read_table(source: Path | str | Mapping[str, Any]) -> Table:
    """The table in a YAML or CSV file, or in a dict of the same shape. InputError says all that is wrong.

    YAML is read as mapping files are: no aliases, no tags, at most a million bytes.
    """
    table, found = look_over(source)
    refuse([(table.name, one) for one in found])
    return table


def look_over(source: Path | str | Mapping[str, Any]) -> tuple[Table, list[Finding]]:
    """What can be read of a table, and every fault in it. InputError where its file cannot be read at all."""
    if isinstance(source, Mapping):
        return _looked_over(source, Path.cwd(), "table", Document(source))
    path = Path(source)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", cure="Check its path.") from error
    document = from_csv(_decoded(raw, path), path.name) if path.suffix == ".csv" else read_yaml(raw)
    if not document.complete or (path.suffix == ".csv" and document.value is None):
        refuse([(str(path), one) for one in document.faults])
    return _looked_over(document.value, path.absolute().parent, path.name, document)


def refuse(found: Sequence[tuple[str, Finding]]) -> None:
    """InputError with every (file, fault); none: nothing is wrong."""
    if not found:
        return
    faults = [one for _, one in found]
    if len(found) == 1:
        said = replace(faults[0], cure="").at(found[0][0])
        raise InputError(said, cure=faults[0].cure, findings=found)
    more = len(found) - _SHOWN
    lines = [one.at(name) for name, one in found[:_SHOWN]]
    told = "\n".join([*lines, *([f"... and {more:,} more; `--json` tells all."] if more > 0 else [])])
    raise InputError(f"{told}\n", cure="Correct the named lines.", findings=found)


def placed(document: Document, faults: Iterable[Fault]) -> list[Finding]:
    """Faults with the line and column that they stand at; 0 where a table is no file."""
    at = document.place if document.places else lambda path: (0, 0)
    return sorted(Finding(*at(one.path), "error", one.message, one.cure) for one in faults)


def _looked_over(given: Any, folder: Path, name: str, document: Document) -> tuple[Table, list[Finding]]:
    faults: list[Fault] = []
    table = _table(given, folder, name, faults)
    table.places = document
    told = {(one.line, one.column) for one in document.faults}
    own = [one for one in placed(document, faults) if (one.line, one.column) not in told]
    return table, sorted({*document.faults, *own})


def _decoded(raw: bytes, path: Path) -> str:
    if len(raw) > _MAX_BYTES:
        raise InputError(f"{path} has {len(raw):,} bytes.", cure=f"Keep it under {_MAX_BYTES:,} bytes.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        said = f"{path}:{line}: a character here is not UTF-8."
        raise InputError(said, cure="Save the file as UTF-8 (Excel: «CSV UTF-8»).") from error


def _table(given: Any, folder: Path, name: str, faults: list[Fault]) -> Table:
    top = Where("the table", (), faults)
    given = keyed(given, _TOP, top)
    within = Where("", (), faults)
    customers = listed(given.get("customers"), within.at("customers", "customers"))
    cases = [_case(one, within.at(f"customer {n + 1}", "customers", n)) for n, one in enumerate(customers)]
    if not cases and not faults:
        top.fault("the table has no customers.", "List them under `customers`.")
    rules = given.get("rules") or ()
    files = [rules] if isinstance(rules, str) else listed(rules, within.at("rules", "rules"))
    return Table(
        cases=cases,
        mapping=_file(folder, given["mapping"], within.at("mapping", "mapping"))
        if "mapping" in given
        else None,
        model=text(given["model"], within.at("model", "model")) if "model" in given else None,
        rules=[_file(folder, one, within.at("rules", "rules")) for one in files],
        portal=_portal(given.get("portal"), within.at("portal", "portal")),
        name=name,
    )


def _file(folder: Path, given: Any, where: Where) -> Path:
    path = given if isinstance(given, Path) else Path(text(given, where))
    if "\0" in str(path):
        where.fault(f"{where} is no file's name.", "Write its path from the table.")
        return folder
    return folder / path


def _portal(given: Any, where: Where) -> Mapping[str, Any]:
    found = {**keyed({} if given is None else given, _PORTAL, where)}
    for name in ("usual_gap_days", "repeat_customers"):
        if name in found and not 0 <= number(found[name], where.at(f", {name}", name)) <= 1e9:
            where.fault(f"{where}: {name} is {found[name]}.", "Write a number from 0 up.", name)
    return {
        **found,
        **({"seen": texts(found["seen"], where.at(", seen", "seen"))} if "seen" in found else {}),
    }


def _case(given: Any, where: Where) -> Case:
    before = len(where.faults)
    named = given.get("name") if isinstance(given, Mapping) else None
    where = where.at(f" ({named})") if named is not None else where
    given = keyed(given, _CASE, where)
    sure = len(where.faults) == before  # a misspelt key may be what would be missed
    sales = listed(given.get("deals"), where.at(", deals", "deals"))
    deals = [_sale(deal, where.at(f", deal {n + 1}", "deals", n)) for n, deal in enumerate(sales)]
    created = given.get("created") or min((deal.opened for deal in deals), default=None)
    if created is None and sure:
        where.fault(f"{where} has no day of creation.", "Write `created: 2026-01-31`.")
    created = FIRST if created is None else created
    expecting = where.at(", expect", "expect")
    expect = mapped(given.get("expect"), expecting)
    people = enumerate(listed(given.get("contacts"), where.at(", contacts", "contacts")))
    changes = enumerate(listed(given.get("changes"), where.at(", changes", "changes")))
    return Case(
        name=str(given.get("name") or where),
        created=day(created, where.at("", "created")),
        properties=_properties(given.get("properties"), where.at(", properties", "properties")),
        changes=[change for n, one in changes for change in _changes(one, where.at("", "changes", n))],
        contacts=[
            _person(one, created, where.at(f", contact {n + 1}", "contacts", n), n + 1) for n, one in people
        ],
        deals=deals,
        expect={
            day(on, expecting.at("", on, "<key>")): _expected(what, where.at(f", {on}", "expect", on))
            for on, what in expect.items()
        },
        path=_path(given["path"], where.at(", path", "path")) if "path" in given else None,
        object=_object(given["object"], where.at("", "object")) if "object" in given else None,
    )


def _object(given: Any, where: Where) -> str:
    if given not in _OBJECTS:
        where.fault(f"{where}: {given!r} is no kind of customer.", "Write contact or company.")
        return _OBJECTS[0]
    return str(given)


def _person(given: Any, created: Any, where: Where, number: int) -> Case:
    return _case({"name": f"contact {number}", "created": created, **mapped(given, where)}, where)


def _path(given: Any, where: Where) -> dict[date, str]:
    """The stages by their first days; a path names one at least."""
    steps = mapped(given, where)
    if not steps:
        where.fault(f"{where} names no day.", "Write `2026-01-31: stage`, or leave it out.")
    return {
        day(on, where.at("", on, "<key>")): text(stage, where.at(f", {on}", on))
        for on, stage in steps.items()
    }


def _changes(given: Any, where: Where) -> list[tuple[date, str, Any]]:
    if not isinstance(given, Mapping) or "on" not in given:
        where.fault(f"{where}: a change has no day.", "Write `- {on: 2026-01-31, property: value}`.")
        return []
    on = day(given["on"], where.at("", "on"))
    values = _properties({name: value for name, value in given.items() if name != "on"}, where.at(f", {on}"))
    return [(on, name, value) for name, value in values.items()]


def _properties(given: Any, where: Where) -> Mapping[str, Any]:
    """Values by the names of properties; what links records is not among them."""
    found = plain(mapped(given, where), where)
    if taken := sorted(found.keys() & _KEYS):
        where.fault(f"{where}: {taken[0]} is no property.", "Leave it out: records are numbered.", taken[0])
    return found


def _sale(given: Any, where: Where) -> Sale:
    before = len(where.faults)
    given = keyed(given, _DEAL, where)
    sure = len(where.faults) == before
    won, lost = (day(given[k], where.at("", k)) if k in given else None for k in ("won", "lost"))
    opened = day(given["opened"], where.at("", "opened")) if "opened" in given else won or lost
    if sure and (opened is None or (won and lost)):
        said = f"{where} needs one of opened, won and lost." if not won else f"{where} is won and lost."
        where.fault(said, "Write for example `- {opened: 2026-01-05, won: 2026-01-31, amount: 100}`.")
    moved = given.get("moved") or ()
    moves = [moved] if isinstance(moved, (str, date)) else listed(moved, where.at(", moved", "moved"))
    amount = number(given["amount"], where.at("", "amount")) if "amount" in given else None
    properties = _properties(given.get("properties"), where.at("", "properties"))
    return Sale(
        opened or FIRST,
        tuple(day(move, where.at("", "moved")) for move in moves),
        won,
        lost,
        amount,
        properties,
    )


def _expected(given: Any, where: Where) -> Mapping[str, Any]:
    if isinstance(given, str):
        return {"stage": text(given, where)}
    if not isinstance(given, Mapping):
        keyed(given, EXPECTED, where)
        return {}
    keyed(given, EXPECTED, where)
    found = {name: value for name, value in given.items() if name in EXPECTED}
    for name in ("flags", "segments"):
        if name in found:
            found[name] = texts(found[name], where.at(f", {name}", name))
    if "facts" in found:
        found["facts"] = _facts(found["facts"], where.at(", facts", "facts"))
    return {**found, **plain({n: v for n, v in found.items() if n in _SINGLE}, where)}


def _facts(given: Any, where: Where) -> Mapping[str, Any]:
    return plain(mapped(given, where), where)
