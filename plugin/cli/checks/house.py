"""Checks of the installation itself: settings, versions, mapping, clock, store, keys."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date
from pathlib import Path

import sqlalchemy as sa

from plugin import __version__, wiring
from plugin.cli.checks.check import FAIL, WARN, Check, good
from plugin.clock import Clock
from plugin.hubspot.client.probe import probe
from plugin.hubspot.versions import DEFAULT_VERSION
from plugin.jobs.keys import sealing
from plugin.records.store import Store, newest_schema, schema_version
from plugin.settings import Settings
from plugin.settings_reader import is_loopback
from plugin.vault import Vault

#: When HubSpot stops answering each version (HubSpot supports a dated version for about 18 months).
ENDS = {"2026-09": date(2028, 3, 1), "2026-03": date(2027, 9, 1), "legacy": date(2027, 3, 30)}
SOON_DAYS = 120
SKEW_WARN = 30.0  # seconds
#: Signatures are refused 300 s after HubSpot's stamp, and 60 s before it: with little room for the way.
AHEAD_FAIL, BEHIND_FAIL = 240.0, 50.0


def settings_checks(chosen: Settings) -> Iterator[Check]:
    """Settings that are allowed and still no good idea."""
    mode = "many portals by OAuth" if chosen.oauth else "one portal by its access token"
    yield good("settings", f"complete, for {mode}")
    if not chosen.client_secret:
        yield Check(
            "settings: HUBSPOT_CLIENT_SECRET",
            FAIL,
            "not set: no webhook can be checked",
            "Copy the client secret of the app from HubSpot.",
        )
    if chosen.access_token and chosen.client_id:
        yield Check(
            "settings: mode",
            WARN,
            "HUBSPOT_ACCESS_TOKEN and HUBSPOT_CLIENT_ID are set: the token decides, OAuth is off",
            "Unset the one that is not meant.",
        )
    if not chosen.public_url.startswith("https://") and not is_loopback(chosen.api_url):
        yield Check(
            "settings: PUBLIC_URL",
            FAIL,
            f"{chosen.public_url} is not https: HubSpot sends nothing there, signatures cannot match",
            "Set PUBLIC_URL to the https address as HubSpot sees it.",
        )
    shared = not chosen.database_url.startswith("sqlite")
    for name, value in (("SECRET_KEY", chosen.secret_key), ("ADMIN_TOKEN", chosen.admin_token)):
        if shared and not value:
            yield Check(
                f"settings: {name}",
                WARN,
                "made by each machine for itself, though the database is shared",
                f"Set {name} to the same value everywhere.",
            )


def version_checks(today: date, spoken: str = DEFAULT_VERSION) -> Iterator[Check]:
    """What runs here, and how long the CRM's API goes on in the version that we speak."""
    yield good("version", f"{__version__} on Python {platform.python_version()}")
    left = (ENDS[spoken] - today).days
    finding = f"HubSpot's API {spoken}, answered until about {ENDS[spoken]:%B %Y}"
    cure = "Update this plugin." if spoken == DEFAULT_VERSION else "Unset HUBSPOT_API_VERSION."
    if left > SOON_DAYS:
        yield good("api version", finding)
    else:
        yield Check("api version", WARN if left > 0 else FAIL, finding, cure)


def mapping_checks(config_path: Path | None) -> Iterator[Check]:
    """The mapping file and the models it names can be read."""
    mapping, _models = wiring.rules(config_path)
    name = str(config_path) if config_path else "the shipped default"
    yield good("mapping", f"{name}: {len(mapping.written_outputs())} outputs, model {mapping.models.primary}")


def another_text(config_path: Path | None, number: int) -> Check:
    """The version in force is not what the watched file says."""
    finding = f"version {number} is in force, and {config_path} is another text"
    cure = f"`lifecycle config diff {config_path}` compares them; `config apply` puts the file in force."
    return Check("mapping in force", WARN, finding, cure)


def crm_checks(api_url: str, clock: Clock, version: str = DEFAULT_VERSION) -> Iterator[Check]:
    """The CRM answers, and its clock and ours agree."""
    seen = probe(api_url, version)
    yield good("crm", f"{api_url} answers in {seen.seconds * 1000:.0f} ms")
    if seen.moment is None:
        yield Check("clock", WARN, "HubSpot's answer names no time", "Compare the clock by hand.")
        return
    skew = (clock.now() - seen.moment.astimezone(UTC)).total_seconds()
    finding = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} HubSpot's"
    if abs(skew) <= SKEW_WARN:
        yield good("clock", f"within {SKEW_WARN:.0f} s of HubSpot's")
    else:
        cure = "Let NTP set this machine's clock: signatures five minutes old, or of the future, are refused."
        yield Check("clock", WARN if -BEHIND_FAIL < skew < AHEAD_FAIL else FAIL, finding, cure)


def store_checks(database_url: str) -> Iterator[Check]:
    """The database answers and has this version's tables."""
    with closing(Store(database_url)) as store:
        kind = "PostgreSQL" if store.is_postgresql else "SQLite"
        with store.read() as connection:
            connection.execute(sa.text("SELECT 1"))
            found = schema_version(connection)
        newest = newest_schema()
        if found == newest:
            yield good("store", f"{kind} answers, schema {found}")
        elif found is None:
            yield Check("store", FAIL, f"{kind} answers and is empty", "Run `lifecycle migrate`.")
        else:
            cure = "Run `lifecycle migrate`." if found < newest else "Update this plugin."
            yield Check("store", FAIL, f"the schema is {found}, this version needs {newest}", cure)


def key_checks(chosen: Settings) -> Iterator[Check]:
    """Every portal's tokens open, and under the newest key."""
    if not chosen.oauth:
        return
    with closing(Store(chosen.database_url)) as store:
        found = sealing(store, Vault(chosen.encryption_keys))
    if found.unreadable:
        yield Check(
            "keys",
            FAIL,
            f"the tokens of {', '.join(map(str, found.unreadable))} open under no key here",
            "Add the key that they were sealed under to ENCRYPTION_KEYS, or have them install again.",
        )
    elif found.older:
        finding = f"{found.older} portals are sealed under an older key"
        yield Check("keys", WARN, finding, "Run `lifecycle keys rotate`, then take the old key out.")
    else:
        yield good("keys", f"{found.newest} portals are sealed under the newest key")
