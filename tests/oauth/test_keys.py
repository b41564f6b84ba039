"""Keys: what is sealed opens again, a rotation beside running workers loses nothing, faults are told."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.clock import SystemClock
from plugin.errors import ConfigError, VaultError
from plugin.jobs.keys import rotate, sealing
from plugin.jobs.tokens import Tokens
from plugin.records import accounts
from plugin.records.accounts import accounts as table
from plugin.records.store import Store
from plugin.settings import load
from plugin.vault import Vault, new_key, split_keys
from tests.support.many import FIRST, SECOND, many

OLD, NEW = new_key(), new_key()


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=512), portal_id=st.integers(1, 2**62))
def test_what_is_sealed_opens_for_its_portal_alone(text: str, portal_id: int) -> None:
    """With any of the keys, for any text."""
    sealed = Vault([OLD]).seal(portal_id, text)
    both = Vault([NEW, OLD])
    assert both.open(portal_id, sealed) == text
    with pytest.raises(VaultError, match="another portal"):
        both.open(portal_id + 1, sealed)
    with pytest.raises(VaultError, match="not known"):
        Vault([NEW]).open(portal_id, sealed)
    assert not text or len(text) < 8 or text not in sealed


@pytest.mark.parametrize("keys", ["short", f"{OLD},x", "é"], ids=["short", "one of two", "no letter"])
def test_a_key_that_is_none_stops_the_start(keys: str) -> None:
    """With the cure, and without showing it."""
    with pytest.raises(ConfigError, match="lifecycle keys new") as caught:
        load({"ENCRYPTION_KEYS": keys})
    assert OLD not in str(caught.value)


def test_keys_may_be_separated_as_people_do() -> None:
    """By commas, blanks or lines, as a file has them."""
    for text in (f"{NEW},{OLD}", f"{NEW} {OLD}", f"{NEW}\n{OLD}\n", f" {NEW} , {OLD} "):
        assert split_keys(text) == (NEW, OLD)


def test_what_oauth_needs_is_asked_for_at_once() -> None:
    """A client id without the rest names every missing setting with its cure; a token needs none of them."""
    with pytest.raises(ConfigError) as caught:
        load({"HUBSPOT_CLIENT_ID": "x"}).require("HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_SECRET")
    text = str(caught.value)
    assert "2 setting(s)" in text
    assert all(name in text for name in ("HUBSPOT_CLIENT_SECRET", "ENCRYPTION_KEYS", "lifecycle keys new"))
    both = load({"HUBSPOT_CLIENT_ID": "x", "HUBSPOT_ACCESS_TOKEN": "y"})
    both.require("HUBSPOT_ACCESS_TOKEN")
    assert (both.oauth, both.burst_limit) == (False, 100)
    assert load({"HUBSPOT_CLIENT_ID": "x"}).burst_limit == 110


def test_a_rotation_while_workers_renew_tokens_loses_nothing(store: Store) -> None:
    """Workers with the old order of keys, workers with the new one, and the rotation, all at once."""
    with many(store, SystemClock(), keys=(OLD,)) as home:
        for portal_id in (FIRST, SECOND):
            home.connect(portal_id)
        both = Vault([NEW, OLD])
        stop, faults = threading.Event(), list[BaseException]()

        def work(vault: Vault) -> None:
            tokens = Tokens(store, home.context.clock, vault, home.app)
            while not stop.is_set():
                for portal_id in (FIRST, SECOND):
                    try:
                        tokens.renew(portal_id, tokens.token(portal_id))
                        with store.write() as connection:  # so that the next renewal is not "just now"
                            connection.execute(table.update().values(refreshed_at=0))
                    except BaseException as error:
                        faults.append(error)

        threads = [
            threading.Thread(target=work, args=(Vault([OLD, NEW]),)),
            threading.Thread(target=work, args=(both,)),
        ]
        for thread in threads:
            thread.start()
        for _ in range(10):
            rotate(store, both)
        stop.set()
        for thread in threads:
            thread.join()
        assert faults == []
        assert rotate(store, both).older == 0
        alone = Vault([NEW])
        assert sealing(store, alone).unreadable == ()
        for portal_id in (FIRST, SECOND):
            fresh = Tokens(store, home.context.clock, alone, home.app)
            assert fresh.token(portal_id)
            with store.write() as connection:
                connection.execute(table.update().values(refreshed_at=0, expires_at=0))
            assert fresh.token(portal_id)  # the refresh token has come through as well


def test_a_key_taken_out_too_early_is_told_and_put_back_heals(store: Store) -> None:
    """`keys status` names the portals."""
    with many(store, SystemClock(), keys=(OLD,)) as home:
        home.connect(FIRST)
        found = rotate(store, Vault([NEW]))
        assert (found.newest, found.older, found.unreadable) == (0, 0, (FIRST,))
        assert rotate(store, Vault([NEW, OLD])).newest == 1
        with store.read() as connection:
            account = accounts.get(connection, FIRST)
        assert account is not None
        assert Vault([NEW]).open(FIRST, account.refresh_token or "")
