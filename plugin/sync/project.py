"""The developer project that an admin uploads to HubSpot: what must stand in its files for this product.

Pure over texts: `wanted` makes of the present files those that should be. Everything that names an address or
a subscription is kept in step: webhooks, the app's permitted addresses, and the pages' own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from plugin.errors import ConfigError, InputError

APP = "src/app/app-hsmeta.json"
WEBHOOKS = "src/app/webhooks/webhooks-hsmeta.json"
PAGES = ("src/app/cards/address.ts", "src/app/settings/address.ts")
FILES = (APP, WEBHOOKS, *PAGES)
RECEIVER = "/webhooks/hubspot"
MOST = 1_000  # HubSpot's rule: subscriptions of one app
AT_ONCE = 10  # requests that HubSpot may have under way

_ADDRESS = re.compile(r"(?m)^(export const ADDRESS = ')([^']*)(';)$")


def check_address(public_url: str) -> str:
    """The address as the project names it; HubSpot's rule: it calls https only. Raises ConfigError."""
    if not re.fullmatch(r"https://[^/?#\s]+(/[^?#\s]*)?", public_url):
        raise ConfigError(
            f"HubSpot calls https addresses only, and PUBLIC_URL is {public_url}.",
            cure="Set PUBLIC_URL to the address under which HubSpot reaches this server.",
        )
    return public_url.rstrip("/")


def webhooks_meta(subscriptions: Sequence[Mapping[str, str]], public_url: str) -> dict[str, Any]:
    """The webhooks component; raises ConfigError beyond HubSpot's limit."""
    if len(subscriptions) > MOST:
        raise ConfigError(
            f"The mapping needs {len(subscriptions)} subscriptions, and HubSpot allows {MOST} to an app.",
            cure="Map fewer properties.",
        )
    return {
        "uid": "crm_lifecycle_webhooks",
        "type": "webhooks",
        "config": {
            "settings": {"targetUrl": f"{public_url}{RECEIVER}", "maxConcurrentRequests": AT_ONCE},
            "subscriptions": {
                "crmObjects": [_crm_object(one) for one in subscriptions if not _is_event(one)],
                "legacyCrmObjects": [],
                "hubEvents": [
                    {"subscriptionType": one["type"], "active": True}
                    for one in subscriptions
                    if _is_event(one)
                ],
            },
        },
    }


def _is_event(one: Mapping[str, str]) -> bool:
    return one["type"].endswith(".privacyDeletion")  # HubSpot's rule: an event of the hub, not of an object


def _crm_object(one: Mapping[str, str]) -> dict[str, Any]:
    kind, _, event = one["type"].partition(".")
    found: dict[str, Any] = {"subscriptionType": f"object.{event}", "objectType": kind}
    if "property" in one:
        found["propertyName"] = one["property"]
    return {**found, "active": True}


def subscribed(meta: Mapping[str, Any]) -> set[str]:
    """What a webhooks component is subscribed to, one readable word each."""
    parts = meta.get("config", {}).get("subscriptions", {})
    found = set()
    for one in [one for group in parts.values() for one in group]:
        name = str(one.get("subscriptionType", "")).removeprefix("object.")
        kind = f"{one['objectType']}." if "objectType" in one else ""
        known = f" {one['propertyName']}" if "propertyName" in one else ""
        found.add(f"{kind}{name}{known}" + ("" if one.get("active") else " (inactive)"))
    return found


def wanted(
    present: Mapping[str, str], subscriptions: Sequence[Mapping[str, str]], public_url: str
) -> dict[str, str]:
    """{file: its text} as it should be; `present` holds the texts of `FILES`, the webhooks' may be missing.

    Raises InputError where a file is not what this product ships.
    """
    address = check_address(public_url)
    before = _present_address(present)
    made = {WEBHOOKS: _text(webhooks_meta(subscriptions, address))}
    made[APP] = _app(_json(APP, present[APP]), before, address, present[APP])
    for page in PAGES:
        made[page] = _ADDRESS.sub(lambda found: f"{found[1]}{address}{found[3]}", present[page])
    return made


def _present_address(present: Mapping[str, str]) -> str:
    for page in PAGES:
        if not _ADDRESS.search(present[page]):
            raise InputError(
                f"{page} does not hold the line with ADDRESS.", cure="Take this file from the release again."
            )
    found = _ADDRESS.search(present[PAGES[0]])
    return found[2] if found else ""


def _app(meta: dict[str, Any], before: str, address: str, text: str) -> str:
    """The app with the address where it stood before; other addresses in it stay."""
    config = meta.get("config", {})
    permitted = config.get("permittedUrls", {}).get("fetch", [])
    auth = config.get("auth", {})
    fetch = [address if url == before else url for url in permitted]
    redirects = [_moved(url, before, address) for url in auth.get("redirectUrls", [])]
    if address not in fetch:
        fetch.append(address)
    if (fetch, redirects) == (permitted, auth.get("redirectUrls", [])):
        return text
    config.setdefault("permittedUrls", {})["fetch"] = fetch
    if redirects:
        auth["redirectUrls"] = redirects
    return _text(meta)


def _moved(url: str, before: str, address: str) -> str:
    return address + url.removeprefix(before) if before and url.startswith(f"{before}/") else url


def _json(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} is not JSON: {error}.", cure="Correct the file.") from error
    if not isinstance(found, dict):
        raise InputError(f"{name} is not a JSON object.", cure="Correct the file.")
    return found


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def differences(present: Mapping[str, str], made: Mapping[str, str]) -> list[str]:
    """One line a difference, in words; empty where the project is as it should be."""
    lines: list[str] = []
    for name, text in made.items():
        old = present.get(name)
        if old == text:
            continue
        details = _webhook_lines(name, old, text) if name == WEBHOOKS else []
        lines += details or [f"{name}: {'changed' if old is not None else 'made'}"]
    return lines


def _webhook_lines(name: str, old: str | None, new: str) -> list[str]:
    before = _json(name, old) if old is not None else {}
    after = _json(name, new)
    had, has = subscribed(before), subscribed(after)
    lines = [f"+ {one}" for one in sorted(has - had)] + [f"- {one}" for one in sorted(had - has)]
    targets = [meta.get("config", {}).get("settings", {}).get("targetUrl") for meta in (before, after)]
    if targets[0] != targets[1]:
        lines.insert(0, f"target: {targets[0]} -> {targets[1]}")
    return lines
