"""Computes every customer as a configuration would, and counts what would be written. Changes nothing.

What the mirror has is used as it is. Before the first load, or where a configuration names fields that were
never read, everything is read into a store of its own that is thrown away afterwards.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from plugin.errors import ConfigError
from plugin.jobs import lanes
from plugin.jobs.context import Context
from plugin.jobs.drain import Report
from plugin.jobs.fit import Account, account_of, fit_portal, fitted
from plugin.jobs.outcome import compute
from plugin.jobs.status import predictions_of
from plugin.lifecycle.names import NAMES as KINDS
from plugin.lifecycle.names import name_of
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.ruleset import Models
from plugin.mapping.bases import fit_basis
from plugin.mapping.model import Mapping
from plugin.records import drift, frames, held, outcomes, outstanding, portals
from plugin.records.outcomes import Versions
from plugin.records.portals import Portal
from plugin.records.store import Store
from plugin.records.work import RecordKey
from plugin.sync.backfill import Backfill
from plugin.sync.findings import types
from plugin.sync.options import RuleOptions
from plugin.sync.preview import Preview
from plugin.sync.tally import Tally

AT_ONCE = 1_000


def run_preview(
    context: Context,
    portal_id: int,
    wanted: tuple[Mapping, Models] | None = None,
    report: Report = lambda *_: None,
    *,
    from_kept: bool = False,
) -> Preview:
    """What this portal's records would come to; `wanted`: another configuration than the one in force.

    `from_kept`: compare with the outcomes computed last instead of with what stands in the CRM.
    """
    context = replace(context.current(portal_id), configs=None)
    present = context.mapping
    kept = context if from_kept else None
    if wanted is not None:
        context = replace(context, mapping=wanted[0], models=wanted[1])
    portal, parameters = _standing(context, portal_id)
    fits = fit_basis(context.mapping) == fit_basis(present)
    if parameters is not None and not _asks_for_more(context.mapping, present):
        account = _account(context.store, portal_id)
        if not fits or account is None:
            new, account = fitted(context, portal, parameters)
            parameters = parameters if fits else new
        found = _computed(context, portal, parameters, report, kept)
        return _with_lanes(context, portal_id, replace(found, account=account))
    with _read_apart(context, portal, report) as apart:
        portal, parameters = _standing(apart, portal_id)
        if parameters is None:
            raise ConfigError("There is nothing to preview.", cure="Check that the portal has contacts.")
        account = _account(apart.store, portal_id)
        found = _computed(apart, portal, parameters, report, kept)
        return _with_lanes(context, portal_id, replace(found, account=account))


def _account(store: Store, portal_id: int) -> Account | None:
    with store.read() as connection:
        return account_of(connection, portal_id)


def _standing(context: Context, portal_id: int) -> tuple[Portal, Parameters | None]:
    with context.store.read() as connection:
        portal = portals.get(connection, portal_id)
        if portal is None:
            raise ConfigError("This portal is not installed yet.", cure="Run `lifecycle install` first.")
        return portal, portals.current_parameters(connection, portal)


def _asks_for_more(wanted: Mapping, present: Mapping) -> bool:
    """Whether the mirror lacks something that the wanted mapping reads.

    A new name of an output is not among it: what we have not made yet stands empty in the CRM.
    """
    if not set(types(wanted)) <= set(types(present)):
        return True
    return any(
        not set(wanted.read_properties(name)) <= set(present.read_properties(name))
        or not set(wanted.history_properties(name)) <= set(present.history_properties(name))
        for name in types(wanted)
    )


def _computed(
    context: Context, portal: Portal, parameters: Parameters, report: Report, kept: Context | None
) -> Preview:
    found = Preview(context.mapping, _labels(context), predictions=predictions_of(context, parameters))
    if kept is not None:
        _against(found, kept, portal)
    with context.store.read() as connection:
        names = context.mapping.customer_objects()
        total = sum(drift.count(connection, portal.portal_id, name) for name in names)
    for keys in _customers(context, portal.portal_id):
        report("Customers computed", found.now.customers, total)
        part = compute(context, portal, parameters, keys, lambda now: _note_pauses(found, now))
        changes = {change.key: change for change in part.changes}
        before = _kept(kept.store, portal.portal_id, keys) if kept else {}
        for one in part.evaluated:
            found.add(one.body, changes.get(one.key), part.standing[one.key]["outputs"], before.get(one.key))
        found.failed += len(part.failed)
    report("Customers computed", total, total)
    found.names = _names(context, portal.portal_id, found)
    return found


def _note_pauses(found: Preview, now: Outcomes) -> None:
    for engine in now.engines:
        found.pauses.add(engine, now.models)


def _against(found: Preview, kept: Context, portal: Portal) -> None:
    """Compare with the outcomes kept by the configuration in force: its labels, its account, its age."""
    before = _labels(kept)
    found.labels = {
        name: {**before.get(name, {}), **found.labels.get(name, {})} for name in {**before, **found.labels}
    }
    found.before = Tally()
    with kept.store.read() as connection:
        mine = portals.get(connection, portal.portal_id) or portal  # the other may be one read apart
        versions = Versions(mine.parameters_version or 0, kept.config_version)
        found.kept_account = account_of(connection, mine.portal_id)
        state = outstanding.standing(connection, mine, kept.today(mine), versions)
    found.late = max(state.due, state.outdated)


def _names(context: Context, portal_id: int, found: Preview) -> dict[RecordKey, str]:
    """What the customers of the samples are called, where the mapping lets it be read."""
    keys = [(one["object"], one["id"]) for one in found.samples()]
    with context.store.read() as connection:
        records = frames.load(connection, portal_id, context.mapping, keys)
    rows = {(kind, row["id"]): row for kind in KINDS for row in records.customers(kind).iter_rows(named=True)}
    return {key: name_of(key[0], rows[key]) for key in keys if key in rows}


def _with_lanes(context: Context, portal_id: int, found: Preview) -> Preview:
    """With how a whole load of so many customers would go."""
    with context.store.read() as connection:
        found.lanes = lanes.as_dict(lanes.lanes_in(context, connection, portal_id, found.now.customers))
    return found


def _labels(context: Context) -> dict[str, dict[str, str]]:
    options, language = RuleOptions(context.models), context.mapping.language
    return {
        "stages": dict(options.stages(context.models.primary.key, language)),
        "flags": dict(options.risk_flags(language)),
        "levels": dict(options.risk_levels(language)),
        "segments": dict(options.segments(language)),
        "tiers": dict(options.tiers(language)),
        **{model: dict(options.stages(model, language)) for model in context.mapping.models.secondary},
    }


def _kept(store: Store, portal_id: int, keys: list[RecordKey]) -> dict[RecordKey, dict[str, Any]]:
    with store.read() as connection:
        return outcomes.bodies(connection, portal_id, keys)


def _customers(context: Context, portal_id: int) -> Iterator[list[RecordKey]]:
    for name in context.mapping.customer_objects():
        after = 0
        while ids := _ids_after(context.store, portal_id, name, after):
            yield [(name, id_) for id_ in ids]
            after = ids[-1]


def _ids_after(store: Store, portal_id: int, name: str, after: int) -> list[int]:
    with store.read() as connection:
        return drift.ids_after(connection, portal_id, name, after, AT_ONCE)


@contextmanager
def _read_apart(context: Context, portal: Portal, report: Report) -> Iterator[Context]:
    """The same portal read whole into an empty store, with parameters of its own."""
    with tempfile.TemporaryDirectory(prefix="lifecycle-preview-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'preview.db'}")
        store.migrate()
        apart = replace(context, store=store)
        try:
            account = (portal.time_zone, portal.currency, portal.ui_domain)
            with store.write() as connection:
                portals.remember(connection, store, portal.portal_id, *account)
            crm = context.crm(portal.portal_id, "backfill")
            load = Backfill(store, crm, portal.portal_id, context.mapping, context.clock, context.bulk)
            load.run(lambda now: report("Records read", now.records, now.expected))
            fit_portal(apart, portal.portal_id)
            _take_over_ours(context, apart, portal.portal_id)
            yield apart
        finally:
            store.close()


def _take_over_ours(context: Context, apart: Context, portal_id: int) -> None:
    """What we wrote last is known only here: by it a person's edit is told from our own value."""
    for keys in _customers(apart, portal_id):
        with context.store.read() as connection:
            known = held.outputs(connection, portal_id, keys)
        with apart.store.write() as connection:
            now = held.outputs(connection, portal_id, known)
            written = [(key, now[key]["outputs"], known[key]["ours"], 0) for key in now]
            held.confirm_outputs(connection, portal_id, written)
