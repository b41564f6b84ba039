"""Which mappings count for the whole app, as webhooks do: those in force for the portals that are served."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from plugin import wiring
from plugin.cli.lines import say
from plugin.jobs.config_files import stands_apart
from plugin.jobs.configs import Configurations
from plugin.mapping.model import Mapping
from plugin.records import portals
from plugin.records.configs import EVERYONE
from plugin.records.schema import config_versions
from plugin.records.store import Store
from plugin.settings import Settings


def mappings_in_force(chosen: Settings) -> list[Mapping]:
    """The mapping of every served portal, each once; of the file where the store has no version yet.

    Reads only: no store is begun for it. Raises StoreError where the database does not answer, ConfigError
    where a version or the file cannot be read.
    """
    with closing(wiring.open_store(chosen)) as store:
        kept = _kept(store) if _is_begun(store) else []
        if kept:
            _tell(store, chosen.config_path)
    return kept or [wiring.rules(chosen.config_path)[0]]


def _is_begun(store: Store) -> bool:
    """Whether there are tables; looking for a file of SQLite's must not make one."""
    database = store.engine.url.database
    if not store.is_postgresql and not (database and Path(database).is_file()):
        return False
    with store.read() as connection:
        return sa.inspect(connection).has_table(config_versions.name)


def _kept(store: Store) -> list[Mapping]:
    with store.read() as connection:
        served = [portal.portal_id for portal in portals.served(connection)]
    known = Configurations(store, wiring.config_version)
    found = [known.of(portal_id) for portal_id in served or [EVERYONE]]
    return list({one.head: one.mapping for one in found if one is not None}.values())


def _tell(store: Store, path: Path | None) -> None:
    if (number := stands_apart(store, path)) is not None:
        said = f"By version {number} of the configuration, which is in force; {path} is another text."
        say(f"{said} `lifecycle config diff {path}` compares them.", err=True)
