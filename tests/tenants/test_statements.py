"""No statement of the product forgets the portal: every place that runs one is run here, and looked at.

What is generated over functions compares answers; this looks at the statements themselves, also at those
whose forgetfulness would change no answer by chance. A place that no test here reaches is a failure, too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.jobs import config_turnover, erasing, purge, sweeps
from plugin.jobs.context import Context
from plugin.records import (
    accounts,
    configs,
    erasure,
    inbox,
    mirror,
    outstanding,
    parked,
    portals,
    refused,
    tombstones,
)
from plugin.records import portfolio as figures
from plugin.records.outcomes import Evaluated, Versions
from plugin.records.parked import Parked
from plugin.records.refused import Refused
from plugin.sync import ledger, lists, merged
from plugin.sync.diff import Change
from plugin.sync.tasks import Tasks
from tests.support.guard import OF_ALL, calls
from tests.support.many import FIRST, Many
from tests.support.tenants import CONTACT, KEYS, LIST, fill
from tests.tenants.conftest import Base
from tests.tenants.test_isolation import JOBS, QUERIES, ask, job_answer, routes, signed_in, tried


def between(context: Context) -> None:
    """What no function, job or route of one portal alone leads to."""
    store, now, key = context.store, context.now(), ("contact", CONTACT)
    sweeps.ring(context)
    sweeps.mark_what_is_due(context)
    sweeps.purge(context)
    with store.write() as connection:
        erasure.begin(store, connection, FIRST, [key], now)
    erasing.finish_erasures(context)
    config_turnover.ring_what_changed(context)
    with store.write() as connection:
        accounts.every(connection)
        configs.portals_with_own(connection)
        inbox.counts(connection)
        tombstones.check_keys(connection, [*KEYS, b"another"])
        parked.park(store, connection, FIRST, [Parked(*key, "write", "x", "x", "x", now)], "x")
        refused.refuse(store, connection, FIRST, [Refused("contact", "x", "x", "x", "x", now)], "x")
        figures.save_spend(store, connection, FIRST, {(24_000, "x"): 5}, replace=True)
        change = Change(key, {}, {"clm_stage": "lost"})
        of = {"change_set": "x", "versions": Versions(1, "x"), "now": now}
        ledger.intend(store, connection, FIRST, [change], **of)  # type: ignore[arg-type]
        ledger.settle_by_reading(connection, FIRST, {key: {"clm_stage": "lost"}}, now)
        _merge(context, connection)
        portals.change(connection, FIRST, list_id=LIST, mode=portals.LIVE)
        portal = portals.get(connection, FIRST)
        assert portal is not None
        lists.permitted(connection, portal, [key])
        outstanding.unwritten_customers(connection, portal, 10)
        other = replace(context, config_version="another", configs=None)
        config_turnover.state(connection, other, portal)


def _merge(context: Context, connection: Any) -> None:
    """A record that we have written nothing to takes over one that we have."""
    store, now = context.store, context.now()
    change = Change(("contact", CONTACT), {}, {"clm_stage": "kept"})
    of = {"change_set": "x", "versions": Versions(1, "x"), "now": now}
    ledger.intend(store, connection, FIRST, [change], **of)  # type: ignore[arg-type]
    seen = mirror.Seen("contact", CONTACT + 900, {}, {"clm_stage": "kept"}, [], now)
    mirror.save(store, connection, FIRST, [seen], now)
    merged.take_over(store, connection, FIRST, "contact", {CONTACT + 900: {CONTACT}})


def _tasks(home: Many, context: Context) -> None:
    """A task for somebody who entered a stage that asks for one."""
    models = context.models
    stage = models.primary.stages[0]
    plays = {**models.plays, stage.play: replace(next(iter(models.plays.values())), task=True)}
    body = {"stage": stage.key, "since": "2026-11-01", "reason": ""}
    one = Evaluated(("contact", CONTACT), body, None, 0)  # type: ignore[call-arg]
    crm = context.crm(FIRST, "interactive")
    Tasks(context.store, crm, FIRST, replace(models, plays=plays), "en").make([one], context.now())


def _leave(context: Context) -> None:
    """A portal that left long ago is purged."""
    with context.store.write() as connection:
        accounts.leave(connection, context.store, FIRST, cause="asked", now=1)
    purge.purge_what_is_due(context)


@pytest.mark.slow
def test_every_statement_is_held_to_a_portal(base: Base, tmp_path: Path) -> None:
    """Functions, jobs and routes, each once, and what lies between."""
    home = base.home
    full = base.copy(tmp_path, "full.db")
    fill(full)
    for name, function in QUERIES:
        tried(replace(home.context, store=full), function, name)
    full.close()
    for name, function in JOBS:
        store = base.copy(tmp_path, f"{name}.db")
        job_answer(replace(home.context, store=store), function, name)
        store.close()
        if not home.crm.store.portals.has_app(FIRST):
            home.install(FIRST)
    for act in (between, lambda context: _tasks(home, context), _leave):
        store = base.copy(tmp_path, "between.db")
        act(replace(home.context, store=store))
        store.close()
    person = signed_in(home)
    for method, path in routes(home):
        ask(home, person, method, path)
    assert base.guard.forgetful() == {}
    known = calls()
    unseen = {str(one) for one in known if not any(one.is_at(site) for site in base.guard.sites)}
    assert unseen == {"records/portfolio.py:steady"}  # it reads nothing, and speaks to PostgreSQL alone
    assert {str(one) for one in known} >= set(OF_ALL)
