"""Puts another version of the configuration in force, or an earlier one again: checked, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from plugin.clock import from_milliseconds
from plugin.errors import ConfigError
from plugin.jobs.config_turnover import loosen
from plugin.jobs.context import Context
from plugin.jobs.install import make_properties
from plugin.mapping.bundle import Bundle
from plugin.records import configs, portals
from plugin.records.configs import EVERYONE, ROLLBACK, Origin, Version

#: Up to so many portals get their properties before a version comes into force, so that what one of them
#: refuses stops it; with more, each gets them when its turn comes.
MADE_BEFORE = 20


@dataclass(frozen=True)
class Applied:
    """What came into force; `version` is None where nothing had to change. `made`: lines about properties."""

    version: Version | None
    made: tuple[str, ...] = ()
    portals: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        shown = describe(self.version) if self.version else None
        return {"applied": shown, "properties": list(self.made), "portals": self.portals}


def describe(version: Version) -> dict[str, Any]:
    """A version without its text."""
    return {
        "portal_id": version.portal_id,
        "version": version.number,
        "digest": version.digest[:12],
        "file": version.bundle.name if version.bundle else None,
        "source": version.source,
        "who": version.who,
        "at": from_milliseconds(version.at).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "note": version.note,
    }


def apply_bundle(
    context: Context, bundle: Bundle, origin: Origin, portal_id: int = EVERYONE, *, again: bool = False
) -> Applied:
    """Check a mapping with its rules, make its properties, and put it in force for a portal or everyone.

    Raises ConfigError with every fault, or CrmError where the CRM does not answer: then nothing has changed
    but that some properties may have been made. `again`: also when it is in force already.
    """
    if context.configs is None:
        raise LookupError("this context has no versions")
    mapping, models = context.configs.loaded(bundle)
    head = context.configs.head(portal_id)
    if not again and head is not None and head[0] == portal_id and head[2] == bundle.digest:
        return Applied(None)
    wanted = replace(
        context,
        mapping=mapping,
        models=models,
        config_version=context.configs.name(mapping, models),
        configs=None,
    )
    touched = _touched(context, portal_id)
    made = _make(wanted, touched)
    version = _activate(wanted, bundle, origin, portal_id, touched, made)
    lines = tuple(f"portal {one}, {kind}: {name} made" for one in made for kind, name in made[one])
    return Applied(version, lines, len(touched))


def _touched(context: Context, portal_id: int) -> list[int]:
    """The portals served that a new version for `portal_id` is for."""
    with context.store.read() as connection:
        served = [portal.portal_id for portal in portals.every(connection)]
        if portal_id == EVERYONE:
            own = configs.portals_with_own(connection)
            return [one for one in served if one not in own]
    if portal_id not in served:
        known = ", ".join(map(str, served)) or "none"
        raise ConfigError(f"Portal {portal_id} is not served.", cure=f"Portals served: {known}.")
    return [portal_id]


def _make(wanted: Context, touched: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    if len(touched) > MADE_BEFORE:
        return {}
    return {one: list(make_properties(wanted, one).created) for one in touched}


def _activate(
    wanted: Context,
    bundle: Bundle | None,
    origin: Origin,
    portal_id: int,
    touched: Sequence[int],
    made: dict[int, list[tuple[str, str]]],
) -> Version:
    with wanted.store.write() as connection:
        version = configs.add(connection, wanted.store, portal_id, bundle, origin)
        for one in touched:
            loosen(connection, wanted, one, iter(made.get(one, ())))
    return version


def rollback(
    context: Context, origin: Origin, number: int | None = None, portal_id: int = EVERYONE
) -> Applied:
    """Put an earlier version in force again, byte for byte; without a number the one before the present.

    For a portal's own versions, number 0 is what everyone has.
    """
    wanted = _earlier(context, number, portal_id)
    if wanted is None:
        return _follow(context, origin, portal_id)
    note = f"version {wanted.number} again" + (f": {origin.note}" if origin.note else "")
    if wanted.bundle is None:
        raise LookupError(f"version {wanted.number} has no text")
    return apply_bundle(context, wanted.bundle, replace(origin, source=ROLLBACK, note=note), portal_id)


def _earlier(context: Context, number: int | None, portal_id: int) -> Version | None:
    """The version meant; None: what everyone has."""
    if number == 0 and portal_id != EVERYONE:
        return None
    with context.store.read() as connection:
        head = configs.head(connection, portal_id)
        past = configs.history(connection, portal_id, limit=10_000)
    scope = "" if portal_id == EVERYONE else f" of portal {portal_id}"
    if number is not None:
        found = next((one for one in past if one.number == number and one.bundle is not None), None)
    else:
        present = head[2] if head and head[0] == portal_id else ""
        found = next((one for one in past if one.bundle is not None and one.digest != present), None)
        if found is None and portal_id != EVERYONE and present:
            return None
    if found is None:
        numbers = ", ".join(str(one.number) for one in past[:10] if one.bundle is not None) or "none"
        raise ConfigError(
            f"There is no {'earlier version' if number is None else f'version {number}'}{scope}.",
            cure=f"The last versions are: {numbers}; `lifecycle config history` lists them.",
        )
    return found


def _follow(context: Context, origin: Origin, portal_id: int) -> Applied:
    """A portal gives up its own configuration and goes with everyone again."""
    touched = _touched(context, portal_id)
    wanted = replace(context.current(EVERYONE), configs=None)
    made = _make(wanted, touched)
    note = "the same as everyone" + (f": {origin.note}" if origin.note else "")
    version = _activate(wanted, None, replace(origin, source=ROLLBACK, note=note), portal_id, touched, made)
    return Applied(version, (), len(touched))
