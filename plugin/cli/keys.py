"""Commands about the keys that portals' tokens are sealed with: new, status, rotate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from plugin.errors import VaultError
from plugin.jobs.keys import Sealing
from plugin.records.store import Store
from plugin.vault import Vault


@click.group(epilog="Example: lifecycle keys new")
def keys() -> None:
    """The keys that portals' tokens are sealed with (ENCRYPTION_KEYS)."""


@keys.command("new", epilog="Example: lifecycle keys new")
def keys_new() -> None:
    """Print a fresh key. It is kept nowhere: put it in front of those in ENCRYPTION_KEYS."""
    from plugin.vault import new_key

    click.echo(new_key())


@keys.command("status", epilog="Example: lifecycle keys status --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keys_status(as_json: bool) -> None:
    """How many portals' tokens are sealed under the newest key, and under older ones."""
    from plugin.jobs.keys import sealing

    with _opened() as (store, vault):
        _tell(sealing(store, vault), vault, as_json)


@keys.command("rotate", epilog="Example: lifecycle keys rotate")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def keys_rotate(as_json: bool) -> None:
    """Seal every token anew under the newest key; workers may run meanwhile.

    Before: put a new key in front of ENCRYPTION_KEYS and restart every process. After: take the old keys out.
    """
    from plugin.jobs.keys import rotate

    with _opened() as (store, vault):
        done = rotate(store, vault)
        _tell(done, vault, as_json)
    if done.unreadable:
        listed = ", ".join(map(str, done.unreadable))
        raise VaultError(
            f"The tokens of {len(done.unreadable)} portals cannot be opened: {listed}.",
            cure="Add the key that they were sealed under to ENCRYPTION_KEYS, or have them install again.",
        )


@contextmanager
def _opened() -> Iterator[tuple[Store, Vault]]:
    from plugin import settings

    chosen = settings.load()
    chosen.require("ENCRYPTION_KEYS")
    store = Store(chosen.database_url)
    store.migrate()
    try:
        yield store, Vault(chosen.encryption_keys)
    finally:
        store.close()


def _tell(found: Sealing, vault: Vault, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**found.as_dict(), "key": vault.newest}))
        return
    click.echo(
        f"Under the newest key ({vault.newest}): {found.newest} portals. Under older ones: {found.older}."
    )
    if not found.older and not found.unreadable:
        click.echo("The older keys can be taken out of ENCRYPTION_KEYS.")
