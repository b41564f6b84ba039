"""A house whose loads read by export, and what they cost and kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from plugin.clock import FixedClock
from plugin.jobs.backfill import run_backfill
from plugin.jobs.install import install_portal
from plugin.records.schema import mirror
from plugin.records.store import Store
from plugin.sandbox.world import World
from tests.support.house import House, house

WITHOUT = "version: 1\nread_histories: false\n"
EXTRAS = "contact:\n  extras: [hs_analytics_source_data_1, email]\n"


@contextmanager
def export_house(
    store: Store,
    clock: FixedClock,
    world: World,
    folder: Path,
    more: str = "",
    bulk: str = "on",
    **portal: Any,
) -> Iterator[House]:
    """A house whose loads read by export; `portal` are settings of the CRM's account."""
    path = folder / "lifecycle.yaml"
    path.write_text(WITHOUT + more)
    with house(store, clock, world, config=path) as home:
        account = home.crm.store.portals.get()
        home.crm.store.add_portal(account.merged({"time_zone": world.time_zone, **portal}))
        home.context = replace(home.context, bulk=bulk)
        install_portal(home.context, live=True)
        home.reset_counts()
        yield home


def load(home: House) -> list[str]:
    """Load the whole portal; gives what was said meanwhile."""
    said: list[str] = []
    run_backfill(home.context, home.portal_id, say=said.append)
    return said


def begun(home: House) -> int:
    """How many exports were asked for."""
    listed = home.stats()["calls"]
    return sum(one["count"] for one in listed if one["method"] == "POST" and "/exports" in one["path"])


def read_one_by_one(home: House) -> int:
    """How many records were read by id."""
    sizes = home.stats()["batches"]
    return sum(
        one["inputs"] for path, one in sizes.items() if "/objects/" in path and path.endswith("batch/read")
    )


def kept(store: Store, kind: str = "contact") -> dict[int, Any]:
    """The kept rows of an object type, by id."""
    with store.read() as connection:
        rows = connection.execute(sa.select(mirror).where(mirror.c.object_type == kind))
        return {row.object_id: row for row in rows}
