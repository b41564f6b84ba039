"""Checks of one portal: its token, its scopes, our properties there, its webhooks, and what was given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from plugin.cli.checks.check import FAIL, WARN, Check, good, run
from plugin.clock import from_milliseconds
from plugin.errors import CrmAuthError
from plugin.handlers.refusals import cure as cure_of
from plugin.handlers.refusals import why
from plugin.hubspot import scopes
from plugin.hubspot.client import Crm, PropertyDefinition
from plugin.hubspot.protocol.signatures import Verdict
from plugin.jobs.context import Context
from plugin.jobs.lanes import lanes_of
from plugin.jobs.uninstall import purged_on
from plugin.records import accounts, parked, portals, refused, refused_webhooks
from plugin.records.accounts import Account
from plugin.records.portals import Portal
from plugin.records.refused_webhooks import RefusedWebhooks
from plugin.sync.lanes import READ_SCOPE, WRITE_SCOPE
from plugin.sync.options import RuleOptions
from plugin.sync.properties import GROUP, property_definitions

QUIET = timedelta(days=7)  # a portal in use tells of a change within that time


def portal_checks(context: Context, portal_id: int) -> Iterator[Check]:
    """Everything about one portal; a check that fails hides no other."""
    head = f"portal {portal_id}"
    with context.store.read() as connection:
        portal, account = portals.get(connection, portal_id), accounts.get(connection, portal_id)
        left = accounts.departed(connection, portal_id)
    if left is not None:
        day = purged_on(context, left.at)
        yield good(head, f"the app was taken out ({left.cause}); its data is deleted on {day}")
        return
    crm = context.crm(portal_id, "interactive")
    yield from run(f"{head}: access", lambda: _access(crm, head, portal_id))
    yield from run(f"{head}: scopes", lambda: _scopes(context, crm, head, account))
    if account is not None and account.state != accounts.INSTALLED:
        yield _arriving(head, account)
    if portal is not None:
        yield from run(f"{head}: properties", lambda: _properties(context, crm, head))
        yield from run(f"{head}: loads", lambda: _lanes(context, head, portal))
        yield from run(f"{head}: work", lambda: _work(context, head, portal))


def _access(crm: Crm, head: str, portal_id: int) -> Iterator[Check]:
    found = crm.account()
    if found.portal_id != portal_id:
        cure = "Run `lifecycle install` for the portal of this token, or set the other portal's token."
        yield Check(f"{head}: access", FAIL, f"the token opens portal {found.portal_id}", cure)
    else:
        yield good(f"{head}: access", f"opens, {found.time_zone}, {found.currency}")


def _arriving(head: str, account: Account) -> Check:
    fault = account.report.get("fault") or {}
    finding = f"{account.state}: {fault.get('message') or 'under way'}"
    failed = account.state == accounts.FAILED
    cure = fault.get("cure") or "Wait; workers go on with it."
    return Check(f"{head}: installation", FAIL if failed else WARN, finding, cure)


def _scopes(context: Context, crm: Crm, head: str, account: Account | None) -> Iterator[Check]:
    name = f"{head}: scopes"
    companies = "company" in context.mapping.customer_objects()
    if account is not None:
        lacking = scopes.missing(account.scopes)
        lacking += scopes.needed_for_companies(account.scopes) if companies else []
        yield _verdict(name, lacking, f"{len(account.scopes)} granted, none is missing")
        return
    yield _verdict(
        name, _refused(_probes(crm, companies)), "every read is allowed; writes show when they are made"
    )


def _verdict(name: str, lacking: list[str], well: str) -> Check:
    if not lacking:
        return good(name, well)
    cure = "Grant them in the app's settings, and install again."
    return Check(name, FAIL, f"missing: {', '.join(lacking)}", cure)


def _probes(crm: Crm, companies: bool) -> dict[str, Callable[[], object]]:
    """A cheap call for each scope that a static token cannot be asked about."""
    kinds = ("contact", "deal", *(("company",) if companies else ()))
    plural = {"contact": "contacts", "deal": "deals", "company": "companies"}
    reads = {f"crm.objects.{plural[k]}.read": _reader(crm, k) for k in kinds}
    return reads | {f"crm.schemas.{plural[k]}.read": _definer(crm, k) for k in kinds}


def _reader(crm: Crm, kind: str) -> Callable[[], object]:
    return lambda: crm.page(kind, [], limit=1)


def _definer(crm: Crm, kind: str) -> Callable[[], object]:
    return lambda: crm.groups(kind)


def _refused(probes: dict[str, Callable[[], object]]) -> list[str]:
    found = []
    for scope, call in probes.items():
        try:
            call()
        except CrmAuthError as error:
            if error.status != 403:
                raise
            found.append(scope)
    return found


def _properties(context: Context, crm: Crm, head: str) -> Iterator[Check]:
    """Ours as they stand in the CRM against those of the mapping."""
    mapping = context.mapping
    wanted = property_definitions(mapping, RuleOptions(context.models), mapping.language)
    for kind in mapping.customer_objects():
        have = {one.name: one for one in crm.properties(kind)}
        faults = [fault for one in wanted for fault in _faults(one, have.get(one["name"]))]
        name = f"{head}: {kind} properties"
        if faults:
            more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
            yield Check(name, FAIL, "; ".join(faults[:5]) + more, f"Run `lifecycle install`{_named(head)}.")
        else:
            yield good(name, f"all {len(wanted)} are as the mapping wants them")


def _named(head: str) -> str:
    return f" --portal {head.rsplit(maxsplit=1)[-1]}"


def _faults(wanted: dict[str, object], have: PropertyDefinition | None) -> Iterator[str]:
    name = wanted["name"]
    if have is None:
        yield f"{name} is missing"
        return
    if have.group != GROUP:
        yield f"{name} is another's (group {have.group})"
    if have.type != wanted["type"]:
        yield f"{name} is of type {have.type}, not {wanted['type']}"
    options = wanted.get("options") or []
    values = {option.value for option in have.options}
    lacking = [o["value"] for o in options if o["value"] not in values]  # type: ignore[attr-defined]
    if lacking:
        yield f"{name} lacks the options {', '.join(map(str, lacking))}"


def _lanes(context: Context, head: str, portal: Portal) -> Iterator[Check]:
    """How a whole load would read and write; a scope that HUBSPOT_BULK needs and the portal did not grant."""
    found = lanes_of(context, portal.portal_id)
    read, write = found
    said = f"reads by {read.name} ({read.because}), writes by {write.name} ({write.because})"
    lacking = [scope for scope in (READ_SCOPE, WRITE_SCOPE) if any(scope in one.because for one in found)]
    if lacking:
        cure = (
            f"Grant {' and '.join(lacking)} in the app's settings and install again, or unset HUBSPOT_BULK."
        )
        yield Check(f"{head}: loads", WARN, said, cure)
    else:
        yield good(f"{head}: loads", said)


def _work(context: Context, head: str, portal: Portal) -> Iterator[Check]:
    with context.store.read() as connection:
        causes = parked.causes(connection, portal.portal_id)
        refusals = refused.listed(connection, portal.portal_id)
        error = portals.watermark(connection, portal.portal_id, "crm_error")
    name = f"{head}: work"
    if error:
        yield Check(name, FAIL, f"the last call failed: {error['message']}", error["cure"])
    elif causes or refusals:
        finding = f"{sum(causes.values()) + len(refusals)} pieces were given up"
        cure = f"See `lifecycle parked list{_named(head)}`: each has its cure."
        yield Check(name, WARN, finding, cure)
    elif portal.parameters_version is None:
        cure = f"Run `lifecycle backfill{_named(head)}`, or wait for the first load by OAuth."
        yield Check(name, WARN, "nothing has been read yet", cure)
    else:
        yield good(name, f"mode {portal.mode}, nothing was given up")
    yield _heard(context, head, portal)


def _heard(context: Context, head: str, portal: Portal) -> Check:
    """Whether webhooks come in at all: HubSpot lets nobody see a project's subscriptions from outside."""
    name, last = f"{head}: webhooks", portal.last_incremental
    cure = "Upload the project in hubspot-app/ with PUBLIC_URL as its target; change a contact to try."
    moment = None if last is None else from_milliseconds(last)
    quiet = moment is None or context.clock.now() - moment > QUIET
    with context.store.read() as connection:
        turned_away = refused_webhooks.noted(connection)
    if turned_away is not None and _matters(turned_away, last, quiet):
        return Check(name, WARN, _turned_away(turned_away), cure_of(turned_away.counts, turned_away.address))
    if moment is None:
        return Check(name, WARN, "none has ever arrived", cure)
    if quiet:
        return Check(name, WARN, f"the last one arrived on {moment:%Y-%m-%d}", cure)
    return good(name, f"the last one arrived on {moment:%Y-%m-%d at %H:%M} UTC")


def _matters(refusals: RefusedWebhooks, last: int | None, quiet: bool) -> bool:
    """Whether they may be why none arrives: not what came before the last good one.

    Where webhooks do arrive, a request without a signature is somebody else's: HubSpot signs each.
    """
    signed = refusals.counts.keys() - {Verdict.MISSING.value}
    return refusals.last > (last or 0) and bool(quiet or signed)


def _turned_away(refusals: RefusedWebhooks) -> str:
    since, last = from_milliseconds(refusals.since), from_milliseconds(refusals.last)
    many = sum(refusals.counts.values())
    span = f"since {since:%Y-%m-%d at %H:%M} UTC, the last on {last:%Y-%m-%d at %H:%M}"
    return f"at least {many} refused and none taken {span}: {why(refusals.counts)}"
