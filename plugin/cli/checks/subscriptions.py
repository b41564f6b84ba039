"""Checks of the webhook subscriptions: of the developer project's file, or of a legacy app's settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from plugin.cli.checks.check import FAIL, SKIP, WARN, Check, good
from plugin.handlers.subscriptions import subscriptions
from plugin.hubspot import scopes
from plugin.hubspot.client.probe import legacy_subscriptions
from plugin.mapping.model import Mapping
from plugin.settings import Settings

PROJECT = Path("hubspot-app")
_NAME = "subscriptions"
#: The target that the project has before `lifecycle webhooks sync` was run for a server of one's own.
UNTOUCHED = "https://lifecycle.example.com/webhooks/hubspot"
Pair = tuple[str, str]  # type such as deal.propertyChange, property or ""


def subscription_checks(
    chosen: Settings, mappings: Sequence[Mapping], project: Path = PROJECT
) -> Iterator[Check]:
    """What is subscribed to, as far as it can be seen from here, against what the mappings read."""
    wanted = {(one["type"], one.get("property", "")) for one in subscriptions(*mappings)}
    files = sorted(project.glob("src/app/webhooks/*-hsmeta.json"))
    if chosen.developer_key and chosen.app_id:
        found = legacy_subscriptions(chosen.api_url, chosen.app_id, chosen.developer_key)
        yield _compared(
            "the legacy app's settings", wanted, set(found), "Correct them in the developer account."
        )
    elif files:
        pairs, targets = _project(files)
        if targets == {UNTOUCHED} and not chosen.public_url.startswith("https://"):
            yield _not_begun(project)
            return
        cure = "Run `lifecycle webhooks sync`, and upload the project again."
        yield _compared(f"the project in {project}", wanted, pairs, cure)
        yield _target(chosen, targets)
        yield from _app(chosen, project)
    else:
        finding = f"not looked at: no {project}/ is in this folder; the mapping needs {len(wanted)} of them"
        cure = f"Run this where {project}/ lies: HubSpot does not tell what a project subscribes to."
        yield Check(_NAME, SKIP, finding, cure)


def _not_begun(project: Path) -> Check:
    """Nothing is wrong with a project that nobody has set up: until then there are no webhooks to be had."""
    finding = (
        f"the project in {project} is as it ships: it was not set up for an account yet, so no webhooks come"
    )
    cure = (
        "A look by `preview`, `backfill` and `reconcile` needs none. For live changes set PUBLIC_URL, run "
        "`lifecycle webhooks sync`, and upload the project (docs/admin.md)."
    )
    return Check(_NAME, WARN, finding, cure)


def _compared(where: str, wanted: set[Pair], found: set[Pair], cure: str) -> Check:
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    if missing:
        return Check(_NAME, FAIL, f"{where} lacks {_listed(missing)}", cure)
    if extra:
        return Check(_NAME, WARN, f"{where} has {_listed(extra)} that the mapping does not read", cure)
    return good(_NAME, f"{where} has the {len(wanted)} that the mapping needs")


def _target(chosen: Settings, targets: set[str]) -> Check:
    ours = f"{chosen.public_url}/webhooks/hubspot"
    if targets == {ours}:
        return good("webhook target", ours)
    cure = "Run `lifecycle webhooks sync`, and upload the project again."
    return Check("webhook target", FAIL, f"{', '.join(sorted(targets)) or 'none'} instead of {ours}", cure)


def _app(chosen: Settings, project: Path) -> Iterator[Check]:
    """HubSpot compares the install address with the project: its way back and its scopes, exactly."""
    for file in project.glob("src/app/*-hsmeta.json"):
        auth = (orjson.loads(file.read_bytes()).get("config") or {}).get("auth") or {}
        back = f"{chosen.public_url}/oauth/callback"
        if chosen.oauth and back not in (auth.get("redirectUrls") or ()):
            cure = f"Put {back} into redirectUrls of {file}, and upload the project again."
            yield Check("project", FAIL, f"the way back {back} is not in the project", cure)
        elif set(auth.get("requiredScopes") or ()) != set(scopes.REQUIRED):
            cure = f"Make requiredScopes in {file} exactly: {', '.join(scopes.REQUIRED)}."
            yield Check("project", FAIL, "its requiredScopes are not those that the app asks for", cure)
        else:
            yield good("project", "its scopes and its way back are those that the app asks for")


def _listed(pairs: Iterable[Pair]) -> str:
    names = [f"{kind} of {name}" if name else kind for kind, name in pairs]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _project(files: Iterable[Path]) -> tuple[set[Pair], set[str]]:
    """The active subscriptions and the target addresses of the project's webhook files."""
    pairs: set[Pair] = set()
    targets: set[str] = set()
    for file in files:
        config: Any = orjson.loads(file.read_bytes()).get("config") or {}
        targets.add(str((config.get("settings") or {}).get("targetUrl")))
        for listed in (config.get("subscriptions") or {}).values():
            pairs |= {_pair(one) for one in listed if one.get("active")}
    return pairs, targets


def _pair(one: dict[str, Any]) -> Pair:
    kind = str(one.get("subscriptionType"))
    if kind.startswith("object."):  # {"subscriptionType": "object.creation", "objectType": "contact"}
        kind = f"{one.get('objectType')}.{kind.partition('.')[2]}"
    return kind, str(one.get("propertyName") or "")
