"""The demo's steps: load, show, and check the result against an offline computation."""

from __future__ import annotations

import os

import requests

from plugin import settings, wiring
from plugin.cli import show
from plugin.cli.demo import Places
from plugin.clock import SystemClock
from plugin.errors import LifecycleError
from plugin.handlers.subscriptions import subscriptions
from plugin.jobs.backfill import Loaded, run_backfill
from plugin.jobs.install import install_portal
from plugin.jobs.meaning import evaluate
from plugin.jobs.status import status
from plugin.records import frames, outcomes, outstanding, portals
from plugin.sync.diff import difference
from plugin.wiring import Parts

PATIENCE_SECONDS = 60
_clock = SystemClock()


class DemoFailed(LifecycleError):
    """The demo did not come to the result that it promises."""

    code = "demo_failed"
    permanent = False
    default_cure = "See demo.log in the demo's folder."


def load(places: Places) -> Loaded:
    """Install, open the writes, and load everything, with progress."""
    _wait_for(f"{places.crm}/sandbox/v1/clock")
    _wait_for(f"{places.web}/healthz")
    os.environ.update(places.environment())
    parts = _parts()
    _subscribe(places, parts)
    installed = install_portal(parts.context, live=True)
    with show.progress() as bar:
        return run_backfill(parts.context, installed.portal_id, bar)


def _subscribe(places: Places, parts: Parts) -> None:
    """What an admin does once in the app's settings: subscribe to the webhooks that we have a use for."""
    wanted = {"subscriptions": subscriptions(parts.context.mapping)}
    requests.post(f"{places.crm}/sandbox/v1/webhooks", json=wanted, timeout=10).raise_for_status()


def _parts() -> Parts:
    return wiring.open_parts(settings.load(), silent=True)


def _wait_for(address: str) -> None:
    for _ in range(PATIENCE_SECONDS * 10):
        try:
            if requests.get(address, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        _clock.sleep(0.1)
    raise DemoFailed(f"{address} did not answer within {PATIENCE_SECONDS} seconds.")


def summary(places: Places, loaded: Loaded) -> str:
    """The stages as a table, and three customers with their reasons."""
    context = _parts().context
    with context.store.read() as connection:
        (portal,) = portals.every(connection)
        stages = {stage.key: stage for stage in context.models.primary.stages}
        counts = outstanding.standing(connection, portal, context.today(portal), None).stages
        total = sum(counts.values())
        rows = [
            [stage.label(context.mapping.language), counts.get(key, 0), _bar(counts.get(key, 0), total)]
            for key, stage in stages.items()
        ]
        samples = [
            outcomes.example(connection, portal.portal_id, key, context.today(portal))
            for key in ("loyal", "reactivated", "sleeping")
        ]
    lines = [show.table(f"{total:,} customers by stage", ["stage", "customers", ""], rows), loaded.as_text()]
    for body in filter(None, samples):
        label = stages[body["stage"]].label(context.mapping.language)
        lines.append(f"  {body['object']} {body['id']} · {label} since {body['since']}\n    {body['reason']}")
        lines.append(f"    {places.crm}/records/contact/{body['id']}")
    return "\n".join(lines)


def _bar(count: int, total: int) -> str:
    return "█" * round(40 * count / max(1, total))


def addresses(places: Places) -> str:
    """Where to look."""
    return (
        f"\nThe CRM (a stand-in): {places.crm}/\n"
        "  Open a sleeping customer, add a won deal of today, and watch the stage move;\n"
        "  or go ahead some days, and see the foretold changes come.\n"
        f"The product's API:   {places.web}/api/docs, for example\n"
        f"  curl -H 'Authorization: Bearer {places.secret}' {places.web}/api/v1/status\n"
        f"Ctrl-C stops. The log is {places.folder / 'demo.log'}."
    )


def check(places: Places) -> str:
    """Win a deal for a sleeping customer, see the stage move, and compare every record with `evaluate`."""
    parts = _parts()
    with parts.context.store.read() as connection:
        (portal,) = portals.every(connection)
        before = outcomes.example(connection, portal.portal_id, "sleeping", parts.context.today(portal))
    if before is None:
        raise DemoFailed("No customer sleeps.")
    _win_deal(places, int(before["id"]))
    after = _wait_for_stage(places, int(before["id"]), str(before["stage"]))
    _wait_until_settled(parts)
    count = _compare(parts, portal)
    return (
        f"Checked: a won deal moved contact {before['id']} from {before['stage']} to {after} in the CRM;\n"
        f"all {count:,} records hold exactly what an offline computation gives."
    )


def _win_deal(places: Places, contact_id: int) -> None:
    now = _clock.now().isoformat()
    body = {
        "properties": {"dealname": "Demo", "amount": "25", "dealstage": "closedwon", "closedate": now},
        "associations": [
            {
                "to": {"id": str(contact_id)},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
            }
        ],
    }
    token = {"Authorization": f"Bearer {settings.load().access_token}"}
    made = requests.post(f"{places.crm}/crm/objects/2026-09/deals", json=body, headers=token, timeout=10)
    made.raise_for_status()


def _wait_for_stage(places: Places, contact_id: int, before: str) -> str:
    token = {"Authorization": f"Bearer {settings.load().access_token}"}
    address = f"{places.crm}/crm/objects/2026-09/contacts/{contact_id}?properties=clm_stage"
    for _ in range(PATIENCE_SECONDS * 2):
        stage = str(requests.get(address, headers=token, timeout=10).json()["properties"]["clm_stage"])
        if stage != before:
            return stage
        _clock.sleep(0.5)
    raise DemoFailed(f"The stage of contact {contact_id} did not move within {PATIENCE_SECONDS} seconds.")


def _wait_until_settled(parts: Parts) -> None:
    for _ in range(PATIENCE_SECONDS * 5):
        if status(parts.context)["settled"]:
            return
        _clock.sleep(0.2)
    raise DemoFailed(f"Work did not settle within {PATIENCE_SECONDS} seconds.")


def _compare(parts: Parts, portal: portals.Portal) -> int:
    """Compare what stands in the CRM, read anew, with outcomes computed offline; returns how many records."""
    context = parts.context
    with context.store.read() as connection:
        fresh = portals.get(connection, portal.portal_id) or portal
        parameters = portals.current_parameters(connection, fresh)
        records = frames.load(connection, portal.portal_id, context.mapping, None)
    if parameters is None:
        raise DemoFailed("Nothing was fitted.")
    expected = evaluate(records, context.mapping, context.models, parameters, context.today(fresh)).to_json()
    crm = context.crm(portal.portal_id, "backfill")
    names = [output.name for _, output in context.mapping.written_outputs()]
    standing = {
        one.id: one.properties for one in crm.read("contact", [row["id"] for row in expected], names).records
    }
    wrong = [
        row["id"]
        for row in expected
        if difference(
            ("contact", row["id"]),
            row["written"],
            {name: value or "" for name, value in standing.get(row["id"], {}).items()},
            {},
            context.mapping,
        )
    ]
    if wrong:
        raise DemoFailed(f"{len(wrong)} of {len(expected)} records differ, the first is {wrong[0]}.")
    return len(expected)
