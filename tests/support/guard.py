"""Watches every statement that the product runs on the store, and says which of them name no portal.

A statement is right if each table of a portal in it, also within subqueries, is held to a portal's id by a
condition that nothing can go round: `portal_id = …`, or equal to that of a table which is. Where a statement
was run from is told by the line of the package, so that it can be known which were never run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Alias, Join

import plugin

PACKAGE = Path(plugin.__file__).parent
ROOMS = ("records", "sync", "jobs", "portfolio", "handlers", "web")
_STORE = PACKAGE / "records" / "store.py"
Site = tuple[str, int]  # file within the package, line

#: what looks at the rows of every portal by its nature, and why
OF_ALL = {
    "records/accounts.py:every": "the operator's list of installations",
    "records/accounts.py:installed": "the scheduler rings for every portal",
    "records/accounts.py:to_purge": "the scheduler purges every portal that left",
    "records/accounts.py:unfinished": "the scheduler rings for every installation under way",
    "records/accounts.py:use_state": "nobody knows yet whose authorisation it is",
    "records/configs.py:portals_with_own": "a version for everyone leaves out these",
    "records/erasure.py:settled": "erasures of every portal come to their end",
    "records/erasure.py:under_way": "erasures of every portal are finished by the scheduler",
    "records/inbox.py:counts": "the operator's counters, over all portals",
    "records/inbox.py:forget_old": "digests of events grow old in every portal",
    "records/inbox.py:take": "bodies are applied in the order in which they came",
    "records/inbox.py:waiting": "the operator's count of bodies",
    "records/portals.py:every": "the operator's list of portals",
    "records/tombstones.py:check_keys": "a process must have the keys of every portal's tombstones",
    "records/work.py:portals_with_work": "the scheduler rings for every portal with work",
}


def unscoped(statement: Any) -> set[str]:
    """The tables of a portal that this statement does not hold to one."""
    found: set[str] = set()
    outer = {id(one) for one in _sources(statement)}
    for part in visitors.iterate(statement):
        if isinstance(part, sa.Select):
            terms = [*_terms(part.whereclause), *_joined(part)]
            inner = part is not statement  # what stands outside, too, is the same there, and looked at there
            found |= _open([one for one in _sources(part) if not (inner and id(one) in outer)], terms)
        elif isinstance(part, sa.Update | sa.Delete):
            found |= _open([part.table], list(_terms(part.whereclause)))
    if isinstance(statement, sa.Insert) and "portal_id" in statement.table.c:
        given = statement._values or statement._multi_values or {}
        names = {getattr(name, "name", name) for name in given} if isinstance(given, dict) else set()
        found |= {statement.table.name} if given and names and "portal_id" not in names else set()
    return found


def _sources(statement: Any) -> list[Any]:
    if isinstance(statement, sa.Select):
        return [one for source in statement.get_final_froms() for one in _tables(source)]
    return [statement.table] if isinstance(statement, sa.Update | sa.Delete) else []


def _open(tables: list[Any], terms: list[Any]) -> set[str]:
    held = {id(column.table) for term in terms for column in _held(term)}
    mine = (table for table in tables if "portal_id" in table.c)
    return {getattr(table, "name", str(table)) for table in mine if id(table) not in held}


def _held(term: Any) -> Iterator[Any]:
    """The columns that a condition holds to a portal's id."""
    if isinstance(term, BinaryExpression) and term.operator in (operators.eq, operators.in_op):
        for side in (term.left, term.right):
            if getattr(side, "name", "") == "portal_id" and getattr(side, "table", None) is not None:
                yield side


def _terms(clause: Any) -> Iterator[Any]:
    """The conditions of which every one must hold."""
    if clause is None:
        return
    if isinstance(clause, Grouping):
        yield from _terms(clause.element)
    elif isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for one in clause.clauses:
            yield from _terms(one)
    else:
        yield clause


def _joined(select: Any) -> Iterator[Any]:
    for source in select.get_final_froms():
        for part in visitors.iterate(source):
            if isinstance(part, Join):
                yield from _terms(part.onclause)


def _tables(source: Any) -> Iterator[Any]:
    if isinstance(source, Join):
        yield from _tables(source.left)
        yield from _tables(source.right)
    elif isinstance(source, sa.Table) or (isinstance(source, Alias) and isinstance(source.element, sa.Table)):
        yield source  # a subquery is looked at by itself


@dataclass
class Guard:
    """What was run: the places, and those from which a statement named no portal, with its tables."""

    sites: set[Site] = field(default_factory=set)
    open: dict[Site, set[str]] = field(default_factory=dict)

    def watch(self, engine: sa.Engine) -> None:
        """Look at every statement of this engine from now on."""
        sa.event.listen(engine, "before_execute", self._look)

    def forgetful(self) -> dict[str, set[str]]:
        """The places whose statements name no portal and have no reason for it, with the tables."""
        return {
            str(call): tables
            for site, tables in self.open.items()
            for call in calls()
            if call.is_at(site) and str(call) not in OF_ALL
        }

    def _look(self, _connection: Any, statement: Any, *_: Any) -> None:
        site = _from_where()
        if site is not None:
            self.sites.add(site)
            if not isinstance(statement, sa.TextClause) and (tables := unscoped(statement)):
                self.open.setdefault(site, set()).update(tables)


def _from_where() -> Site | None:
    """The innermost line of the product that the running statement comes from; upserts are their caller's."""
    frame = sys._getframe(2)
    while frame is not None:
        if place := _place(frame.f_code.co_filename):
            return place, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


@cache  # asked of every frame below every statement
def _place(file: str) -> str | None:
    """Where a file lies within the package; None: it is none that runs statements of its own."""
    path = Path(file)
    if path == _STORE or PACKAGE not in path.parents:
        return None
    inside = path.relative_to(PACKAGE)
    return str(inside) if inside.parts[0] in ROOMS else None


@dataclass(frozen=True)
class Call:
    """A call in the source that runs a statement, and the function that it stands in."""

    file: str
    function: str
    first: int
    last: int

    def is_at(self, site: Site) -> bool:
        """Whether a statement came from here."""
        return site[0] == self.file and self.first <= site[1] <= self.last

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


@cache
def calls() -> list[Call]:
    """Every call in the package that runs a statement: a connection's `execute`, the store's `upsert`."""
    found = []
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            if "migrations" not in path.parts and path != _STORE:
                found += _calls_in(path)
    return found


def _calls_in(path: Path) -> list[Call]:
    file, found = str(path.relative_to(PACKAGE)), []

    def look(node: ast.AST, inside: str) -> None:
        here = f"{inside}.{node.name}" if isinstance(node, ast.FunctionDef | ast.ClassDef) else inside
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in ("execute", "upsert"):
            found.append(Call(file, here.lstrip("."), node.lineno, node.end_lineno or node.lineno))
        for child in ast.iter_child_nodes(node):
            look(child, here)

    look(ast.parse(path.read_text()), "")
    return found
