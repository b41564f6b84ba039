"""Two portals with the same object ids and different contents, in one store and one CRM; and what to ask.

A portal's neighbour is made recognisable: every deal of it has one amount that occurs nowhere else.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.jobs import sweeps
from plugin.jobs.context import Context
from plugin.jobs.figures import Wanted
from plugin.jobs.live import go_live
from plugin.jobs.uninstall import Ours
from plugin.records import configs, portals
from plugin.records.accounts import Sealed
from plugin.records.configs import Origin
from plugin.records.outcomes import Versions
from plugin.records.schema import marks, metadata
from plugin.records.store import Store
from plugin.records.work import Claimed
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.support.many import FIRST, SECOND, Many

MARK = "7777.77"
CONTACTS = 6
CONTACT, DEAL = 51_000_000_001, 61_000_000_001
#: written anew by chance or by the clock at each run
VOLATILE = {"id", "claim", "change_set", "access_token", "refresh_token"}


def load_both(home: Many) -> None:
    """The same ids in both portals; the second portal's amounts are the mark; both live and written."""
    for portal_id in (FIRST, SECOND):
        world = cdnow(NOON.date(), limit=CONTACTS)
        world.portal_id = portal_id
        if portal_id == SECOND:
            for deal in world.deals:
                deal.properties["amount"] = MARK
                deal.history = [(name, MARK if name == "amount" else v, at) for name, v, at in deal.history]
        home.crm.store.load(world)
    home.install(FIRST, SECOND)
    for portal_id in (FIRST, SECOND):
        go_live(home.context, portal_id)
    sweeps.mark_what_is_due(home.context)
    home.settle(FIRST, SECOND)


def functions(package: ModuleType) -> list[tuple[str, Callable[..., Any]]]:
    """Every public function of a package that takes a portal's id, by name."""
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        if info.ispkg:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for name, value in vars(module).items():
            own = inspect.isfunction(value) and value.__module__ == module.__name__
            if own and not name.startswith("_") and "portal_id" in inspect.signature(value).parameters:
                found.append((f"{info.name}.{name}", value))
    return sorted(found)


def rows_of(store: Store, portal_id: int) -> dict[str, list[str]]:
    """Every row of a portal as text, but for what changes at each run."""
    with store.read() as connection:
        return rows_in(connection, portal_id)


def rows_in(connection: Connection, portal_id: int) -> dict[str, list[str]]:
    """The same as a transaction sees it."""
    found = {}
    for table in metadata.sorted_tables:
        if "portal_id" in table.c:
            columns = [column for column in table.c if column.name not in VOLATILE]
            query = sa.select(*columns).where(table.c.portal_id == portal_id)
            found[table.name] = sorted(repr(tuple(row)) for row in connection.execute(query))
    return found


def remove_portal(store: Store, portal_id: int) -> None:
    """Take a portal's rows out of every table, whatever the table."""
    with store.write() as connection:
        for table in metadata.sorted_tables:
            if "portal_id" in table.c:
                connection.execute(sa.delete(table).where(table.c.portal_id == portal_id))


class _EmptyJournal:
    """A journal in which nothing stands."""

    def subscribe(self, *_: Any) -> None:
        """Take any subscription."""

    def after(self, *_: Any) -> None:
        """Nothing more to tell."""


class Arguments:
    """Values for a function's parameters, by name first and by annotation else."""

    def __init__(self, context: Context, connection: Any = None) -> None:
        self.context, self.connection = context, connection
        now, day = context.now(), NOON.date()
        key = ("contact", CONTACT)
        self.named: dict[str, Any] = {
            "context": context,
            "store": context.store,
            "connection": connection,
            "portal_id": FIRST,
            "mapping": context.mapping,
            "now": now,
            "read_at": now,
            "at": now,
            "from_type": "deal",
            "to_type": "contact",
            "of": "from",
            "report": lambda *_: None,
            "properties": [Ours("contact", "clm_rfm", "RFM", 0)],
            "object_type": "contact",
            "object_id": CONTACT,
            "low": 0,
            "high": 2**60,
            "after": 0,
            "key": key,
            "record": key,
            "lane": "live",
            "stage": self._stage(),
            "name": "backfill",
            "names": ["clm_stage"],
            "table": marks,
            "holder": "",
            "go_on": lambda: True,
            "sealed": Sealed("a", "r", now),
            "scopes": ("oauth",),
            "months": [32_000],  # all of time
            "versions": Versions(999, "another"),
            "percent": 50,
            "values": {"share": 100},
            "absorbed": {CONTACT: {CONTACT + 1}},
            "amounts": {"events_received": 1},
            "body": {},
            "before": date(2100, 1, 1),
            "today": date(2100, 1, 1),
            "day": day,
        }

    def _stage(self) -> str:
        with self.context.store.read() as connection:
            table = metadata.tables["outcomes"]
            query = sa.select(table.c.stage).where(table.c.portal_id == FIRST)
            return str(connection.execute(query.order_by(table.c.object_id)).scalars().first())

    def of(self, function: Callable[..., Any], name: str) -> dict[str, Any]:
        """Keyword arguments for a call; optional parameters keep their defaults."""
        chosen: dict[str, Any] = {}
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                chosen |= self.named["values"]
            elif parameter.default is parameter.empty or parameter.name == "portal_id":
                chosen[parameter.name] = self._value(parameter, name)
        return chosen

    def _value(self, parameter: inspect.Parameter, function: str) -> Any:
        text = str(parameter.annotation)
        ids, keys = [CONTACT, CONTACT + 1, DEAL], [("contact", CONTACT), ("deal", DEAL)]
        shapes: dict[str, Any] = {
            "Claimed": [Claimed("contact", CONTACT, 1, 1, self.context.now(), 0)],
            "Callable": lambda *_: True,
            "RecordKey, bool": dict.fromkeys(keys, True),
            "Mapping[RecordKey, str]": {("contact", CONTACT): self._contribution()},
            "CellRow": [("portal", "x", "", 24_000, 0, 1)],
            "CallList": [],
            "Fault]": [{"fact": "x", "problem": "y"}],
            "Collection[str]": ["x"],
            "Bundle": self._bundle(),
            "Origin": Origin("test", "test", self.context.now()),
            "Journal": _EmptyJournal(),
            "Wanted": Wanted(["portal"], ["x"], ["x"], ["x"], [24_000]),
            "tuple[int, int]]": [("all", "step", "active", (0, 5_000))],
            "tuple[str, int]]": keys,
            "Parked]": [],
            "Refused]": [],
            "Evaluated]": [],
            "Seen]": [],
            "Mapping[int": {DEAL: [(CONTACT, True)]},
            "tuple[RecordKey, Mapping": [],
            "RecordKey": keys,
            "bytes]": {b"0" * 16} if "set" in text else [b"0" * 16],
            "int]": ids,
            "Parameters": self._parameters(),
        }
        if text == "bytes":
            return b"[]"
        if "tuple[int, str], int" in text:
            return {(24_000, "x"): 5}  # months and channels
        if parameter.name in self.named and parameter.name != "body":
            return self.named[parameter.name]
        for shape, value in shapes.items():
            if shape in text:
                return value
        plain = {"int": 5, "str": "x", "bool": False, "float": 1.0, "date": date(2100, 1, 1)}
        if text in plain:
            return plain[text]
        return self.named["body"] if text.startswith("dict") else ids if "Sequence" in text else None

    def _contribution(self) -> str:
        with self.context.store.read() as connection:
            table = metadata.tables["contributions"]
            query = sa.select(table.c.body).where(table.c.portal_id == FIRST, table.c.object_id == CONTACT)
            return str(connection.execute(query).scalar() or "{}")

    def _bundle(self) -> Any:
        with self.context.store.read() as connection:
            version = configs.get(connection, configs.EVERYONE, 1)
        return version.bundle if version else None

    def _parameters(self) -> Any:
        with self.context.store.read() as connection:
            portal = portals.get(connection, FIRST)
            assert portal is not None
            return portals.current_parameters(connection, portal)


def told(value: Any) -> str:
    """A result as text; generators are run to their end, frames are shown whole."""
    if isinstance(value, Iterator):
        value = list(value)
    frames = [getattr(value, name, None) for name in ("contacts", "deals", "companies", "history")]
    shown = [frame.to_dicts() for frame in frames if hasattr(frame, "to_dicts")]
    return repr((shown, value) if shown else sorted(value, key=repr) if isinstance(value, set) else value)
