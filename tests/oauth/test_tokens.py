"""Access tokens: renewed in time, once for all workers; what refusals mean; nothing readable at rest."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import sqlalchemy as sa

from plugin.clock import SystemClock
from plugin.errors import AppRefused, CrmAuthError, CrmUnavailable, PortalGone
from plugin.hubspot.protocol import oauth
from plugin.hubspot.protocol.responses import Reply
from plugin.jobs.arrive import arrive
from plugin.records import accounts, portals
from plugin.records.store import Store
from plugin.vault import Vault, new_key
from tests.support.many import FIRST, SECOND, Many, many
from tests.support.versions import at

REFRESH = at("/oauth/v1/token")


@pytest.fixture
def connected(home: Many) -> Many:
    """Installed in the first account, the counts at zero."""
    home.connect(FIRST)
    arrive(home.context, FIRST, lambda: True)
    home.control("DELETE", "stats")
    return home


def works(home: Many, token: str) -> bool:
    address = f"{home.crm.url}/account-info/2026-09/details"
    return requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10).ok


def test_a_token_is_renewed_in_the_last_five_minutes_of_its_thirty(connected: Many) -> None:
    """Not before, and never after: no call fails for a token that ran out."""
    first = connected.tokens.token(FIRST)
    connected.context.clock.sleep(24 * 60)
    assert connected.tokens.token(FIRST) == first
    assert connected.calls(REFRESH) == 0
    connected.context.clock.sleep(90)
    second = connected.tokens.token(FIRST)
    assert second != first
    assert connected.calls(REFRESH) == 1
    assert works(connected, second)
    assert connected.another_worker().token(FIRST) == second  # the others take it from the store
    assert connected.calls(REFRESH) == 1


def test_eight_workers_that_need_a_token_at_once_cause_one_renewal(store: Store) -> None:
    """Whoever comes first asks; real time, real threads, a Tokens of their own for each."""
    clock = SystemClock()
    with many(store, clock) as home:
        home.connect(FIRST)
        with home.context.store.write() as connection:
            old = accounts.get(connection, FIRST)
            assert old is not None
            values = {"expires_at": home.context.now() + 1_000, "refreshed_at": 0}
            connection.execute(sa.update(accounts.accounts).values(**values))
        home.control("DELETE", "stats")
        workers = [home.another_worker() for _ in range(8)]
        together = threading.Barrier(8)

        def ask(number: int) -> str:
            together.wait()
            return workers[number].token(FIRST)

        with ThreadPoolExecutor(8) as pool:
            tokens = set(pool.map(ask, range(8)))
        assert len(tokens) == 1
        assert home.calls(REFRESH) == 1
        assert works(home, tokens.pop())
        with store.read() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM locks")).scalar_one() == 0


def test_a_worker_that_died_in_the_middle_of_a_renewal_holds_up_nobody_for_long(connected: Many) -> None:
    """Its lease runs out."""
    connected.context.clock.sleep(29 * 60)
    now = connected.context.now()
    with connected.context.store.write() as connection:
        portals.hold_lock(connection, connected.context.store, f"token:{FIRST}", "dead", now, now + 60_000)
    assert works(connected, connected.tokens.token(FIRST))
    assert connected.context.now() - now < 120_000


def test_a_token_that_the_crm_calls_expired_is_renewed_once_and_the_call_repeated(connected: Many) -> None:
    """A clock that goes wrong, or a token withdrawn: the caller notices nothing."""
    crm = connected.context.crm(FIRST, "live")
    crm.account()
    connected.crm.advance(0)  # both clocks are one in this test; so the CRM's own record is aged instead
    with connected.crm.store.write() as conn:
        held = connected.tokens.token(FIRST)
        token = connected.crm.store.portals.token(held)
        assert token is not None
        connected.crm.store.portals.drop_tokens(conn, [held])
        old = type(token)(held, token.portal, token.use, 1, token.scopes)
        connected.crm.store.portals.add_token(conn, old)
    connected.context.clock.sleep(60)
    assert crm.account().portal_id == FIRST
    assert connected.calls(REFRESH) == 1
    assert crm.account().portal_id == FIRST
    assert connected.calls(REFRESH) == 1


def test_a_crm_that_refuses_fresh_tokens_is_not_asked_for_ever_more(connected: Many) -> None:
    """One renewal, then the refusal is believed."""
    connected.control("POST", "faults", kind="401", path="/account-info", probability=1)
    connected.context.clock.sleep(60)
    crm = connected.context.crm(FIRST, "live")
    for _ in range(5):
        with pytest.raises(CrmAuthError):
            crm.account()
    assert connected.calls(REFRESH) == 1


@pytest.mark.parametrize("word", ["BAD_REFRESH_TOKEN", "BAD_HUB"])
def test_a_refusal_that_says_the_app_was_taken_out_ends_the_service(connected: Many, word: str) -> None:
    """With a clear state; the other portals do not feel it."""
    connected.install(SECOND)
    if word == "BAD_HUB":
        connected.control("POST", "portals", id=FIRST, closed=True)
    else:
        connected.control("POST", f"uninstall?portal={FIRST}")
    connected.context.clock.sleep(26 * 60)
    with pytest.raises(PortalGone, match="no longer installed"):
        connected.tokens.token(FIRST)
    assert (connected.mode(FIRST), connected.mode(SECOND)) == ("gone", "observe")
    account = connected.account(FIRST)
    assert (account.state, account.access_token, account.refresh_token) == ("gone", None, None)
    with connected.context.store.read() as connection:
        left = accounts.departed(connection, FIRST)
    assert left is not None
    assert left.cause == word
    assert works(connected, connected.tokens.token(SECOND))
    connected.control("DELETE", "stats")
    with pytest.raises(PortalGone):
        connected.another_worker().token(FIRST)
    assert connected.calls(REFRESH) == 0  # nobody asks again


@pytest.mark.parametrize("field", ["client_id", "client_secret"])
def test_a_refusal_of_the_app_itself_never_ends_a_portals_service(connected: Many, field: str) -> None:
    """BAD_CLIENT_ID, BAD_CLIENT_SECRET: our own configuration. And it is not asked again at once."""
    before = connected.account()
    connected.control("POST", "app", **{field: "changed"})
    connected.context.clock.sleep(31 * 60)
    connected.control("DELETE", "stats")
    for _ in range(3):
        with pytest.raises(AppRefused, match="refused the app itself"):
            connected.tokens.token(FIRST)
    assert connected.calls(REFRESH) == 1
    assert (connected.mode(), connected.account()) == ("observe", before)
    connected.control("POST", "app", **{field: f"sandbox-{field.replace('_', '-')}"})
    connected.context.clock.sleep(31)
    assert works(connected, connected.tokens.token(FIRST))


def test_an_outage_of_the_token_endpoint_is_waited_out_with_the_old_token(connected: Many) -> None:
    """It is good for five minutes more; afterwards the calls fail, and nothing is given up."""
    old = connected.tokens.token(FIRST)
    connected.control("POST", "faults", kind="503", path="/oauth", probability=1)
    connected.context.clock.sleep(26 * 60)
    assert connected.tokens.token(FIRST) == old
    connected.context.clock.sleep(5 * 60)
    with pytest.raises(CrmUnavailable):
        connected.tokens.token(FIRST)
    assert connected.mode() == "observe"
    connected.control("DELETE", "faults")
    assert works(connected, connected.tokens.token(FIRST))


def test_a_late_refusal_of_an_old_grant_does_not_undo_a_new_installation(connected: Many) -> None:
    """The app is taken out and installed anew while a worker's renewal is on its way."""
    worker, stale = connected.another_worker(), connected.account()
    connected.control("POST", f"uninstall?portal={FIRST}")
    connected.connect(FIRST)
    with pytest.raises(PortalGone):
        worker._refresh(stale)
    assert connected.account().state == accounts.INSTALLING
    # this process still holds the token that ended with the uninstall: the first call replaces it
    assert connected.context.crm(FIRST, "live").account().portal_id == FIRST


@pytest.mark.parametrize(
    ("body", "refresh", "expected"),
    [
        ({"status": "BAD_REFRESH_TOKEN"}, True, PortalGone),
        ({"status": "BAD_HUB"}, True, PortalGone),
        ({"error": "invalid_grant"}, True, PortalGone),
        ({"status": "BAD_CLIENT_ID"}, True, AppRefused),
        ({"status": "BAD_CLIENT_SECRET"}, True, AppRefused),
        ({"error": "invalid_client"}, True, AppRefused),
        ({"status": "BAD_REDIRECT_URI"}, False, AppRefused),
    ],
)
def test_each_word_of_a_refusal_means_what_hubspot_means(
    body: dict[str, str], refresh: bool, expected: type[Exception]
) -> None:
    """A word that is not known never means that a portal is gone."""
    import orjson

    read = oauth.refused_refresh if refresh else oauth.refusal
    assert type(read(Reply(400, {}, orjson.dumps(body)))) is expected
    for unknown in (b"<html>", b"[]", b'{"status": "BAD_MOOD"}', b'{"status": 4}', b"null"):
        for status in (400, 401, 403, 404, 429, 500):
            assert not isinstance(read(Reply(status, {}, unknown)), PortalGone)


def test_neither_the_database_nor_the_log_holds_a_token(
    connected: Many, caplog: pytest.LogCaptureFixture
) -> None:
    """What a thief of a backup finds opens nothing."""
    import logging

    caplog.set_level(logging.INFO)
    connected.context.clock.sleep(26 * 60)
    connected.install(SECOND)
    tokens = {one.token for portal in (FIRST, SECOND) for one in connected.crm.store.portals.tokens(portal)}
    assert len(tokens) >= 4
    connected.tokens.token(FIRST)
    dump = dump_of(connected.context.store)
    assert str(SECOND) in dump
    for secret in {*tokens, connected.crm.secret, *connected.settings.encryption_keys}:
        assert secret not in dump
        assert secret not in repr(
            (connected.tokens, connected.account(), connected.settings, connected.vault)
        )
        assert all(secret not in record.getMessage() for record in caplog.records if "plugin" in record.name)


def dump_of(store: Store) -> str:
    """Every value of every table as text."""
    from plugin.records.schema import metadata

    with store.read() as connection:
        return "\n".join(
            repr(tuple(row))
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
        )


def test_a_sealed_token_of_one_portal_opens_nothing_in_anothers_row(connected: Many) -> None:
    """Whoever can write to the database cannot make one portal's worker write into another."""
    connected.install(SECOND)
    other = connected.account(SECOND)
    with connected.context.store.write() as connection:
        swapped = {"access_token": other.access_token, "refresh_token": other.refresh_token}
        statement = sa.update(accounts.accounts).where(accounts.accounts.c.portal_id == FIRST)
        connection.execute(statement.values(**swapped))
    with pytest.raises(CrmAuthError, match="another portal"):
        connected.another_worker().token(FIRST)


def test_a_process_without_the_key_gives_nothing_up(connected: Many) -> None:
    """It is told to restart; the portal is not taken for gone."""
    connected.tokens._vault = Vault([new_key()])
    connected.tokens.forget(FIRST)
    with pytest.raises(CrmAuthError, match="key not known") as caught:
        connected.tokens.token(FIRST)
    assert not isinstance(caught.value, PortalGone)
    assert connected.mode() == "observe"
