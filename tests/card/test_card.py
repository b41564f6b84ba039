"""The record card: what it shows is what the API tells and what stands on the record."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from babel import localedata

from plugin.errors import StoreError
from plugin.jobs.meaning import history
from plugin.records import frames, portals
from plugin.records.schema import marks
from plugin.web import card_view
from plugin.web.card_warm import warm
from plugin.web.customers import Customers
from tests.card.conftest import asked_again, card, fetched, loaded
from tests.support.house import ADMIN, House

LANGUAGES = ("en", "ru", "pl")


def api(home: House, number: int) -> dict[str, Any]:
    answer = requests.get(
        f"{home.url}/api/v1/customers/{number}", headers={"Authorization": f"Bearer {ADMIN}"}, timeout=10
    )
    told: dict[str, Any] = answer.json()
    return told


def test_every_field_of_every_card_is_the_apis_and_the_records(home: House) -> None:
    """The whole answer is compared, for every customer."""
    records = home.standing()
    assert len(records) == 120
    for number, properties in list(records.items())[::5]:
        shown = card(home, number)
        assert (shown["state"], shown["waiting"], shown["writing"]) == ("ready", False, None)
        assert shown["customer"] == api(home, number)
        on_record = {name: value for name, value in properties.items() if name.startswith("clm_")}
        assert {k: v for k, v in shown["customer"]["written"].items() if v} == on_record
        same = {
            "clm_stage": shown["stage"]["key"],
            "clm_stage_since": shown["stage"]["since"],
            "clm_reason": shown["stage"]["reason"],
            "clm_next_stage": (shown["next"] or {}).get("stage"),
            "clm_next_stage_on": (shown["next"] or {}).get("on"),
            "clm_risk_level": shown["risk"]["level"],
            "clm_risk_flags": ";".join(sorted(flag["key"] for flag in shown["risk"]["flags"])),
            "clm_segment": ";".join(sorted(segment["key"] for segment in shown["segments"])),
            "clm_next_action": shown["action"],
            **{figure["name"]: figure["value"] for figure in shown["figures"]},
        }
        assert {k: v for k, v in same.items() if v} == {k: on_record[k] for k in same if k in on_record}


def test_the_path_is_the_history_rebuilt_and_ends_in_the_present_stage(home: House) -> None:
    """As `lifecycle explain --history` prints it, without the reasons."""
    context = home.context
    with context.store.read() as connection:
        portal = portals.get(connection, home.portal_id)
        assert portal is not None
        parameters = portals.current_parameters(connection, portal)
        assert parameters is not None
        for number in sorted(home.standing())[:12]:
            key = ("contact", number)
            records = frames.load(connection, home.portal_id, context.mapping, [key])
            steps = history(records, context.mapping, context.models, parameters, context.today(portal), key)
            shown = card(home, number)
            assert [(s["on"], s["stage"]) for s in shown["path"]] == [(d.isoformat(), s) for d, s, _ in steps]
            assert (shown["path"][-1]["stage"], shown["path"][-1]["on"]) == (
                shown["stage"]["key"],
                shown["stage"]["since"],
            )


def test_a_predicted_value_stands_with_its_interval_and_what_it_rests_on(home: House) -> None:
    """Model, customers, purchases; the interval is the record's."""
    for number, properties in home.standing().items():
        shown = card(home, number)
        if properties.get("clm_clv_high", "0") != "0" and float(properties["clm_clv"]) > 10:
            break
    prediction = shown["prediction"]
    assert prediction["state"] == "shown"
    low, high = (float(properties[f"clm_clv_{end}"]) for end in ("low", "high"))
    assert (
        prediction["interval"]
        == f"Predicted value: with 80 % probability between ${low:,.0f} and ${high:,.0f}."
    )
    first, *_, last = prediction["basis"]
    assert "purchase" in first
    assert last.startswith("Model ")
    assert "fitted on 119 customers on 22 Nov 2026." in last


def test_with_too_few_customers_there_is_no_number_and_the_reason_is_said(tmp_path: Path) -> None:
    """In the portal's language; the gate's own figures."""
    expected = {
        "en": "40 customers are known; 100 are needed.",
        "ru": "Известно клиентов: 40; нужно 100.",
        "pl": "Znanych klientów: 40; potrzeba 100.",
    }
    for language in LANGUAGES:
        folder = tmp_path / language
        folder.mkdir()
        with loaded(folder, 40, config=f"language: {language}\n") as home:
            shown = card(home, min(home.standing()))
            prediction = shown["prediction"]
            assert (prediction["state"], prediction["interval"]) == ("withheld", None)
            assert prediction["withheld"][0] == expected[language]
            assert "clm_clv" not in {figure["name"] for figure in shown["figures"]}
            assert shown["texts"]["path"] == {
                "en": "Path so far", "ru": "Путь до сих пор", "pl": "Dotychczasowa droga"
            }[language]  # fmt: skip


def test_looking_again_reads_the_record_once_and_shows_the_new_state(home: House) -> None:
    """What no webhook told is found; clicks in a row are one mark; later clicks count anew."""
    number = next(n for n, p in sorted(home.standing().items()) if p["clm_stage"] == "lost")
    home.crm.configure_webhooks(target_url="")  # HubSpot says nothing of what follows
    today = home.clock.now().date().isoformat()
    won = {
        "dealname": "Back",
        "pipeline": "default",
        "dealstage": "closedwon",
        "amount": "40",
        "closedate": today,
    }
    home.crm.store.create_record("deal", won, [("contact", number)])
    home.settle()
    assert card(home, number)["stage"]["key"] == "lost"
    answers = [asked_again(home, number) for _ in range(3)]
    assert answers == [(200, {"state": "waiting", "marked": m}) for m in (True, False, False)]
    assert waiting(home) == [("contact", number, 0, 1)]
    assert card(home, number)["waiting"] is True
    home.settle()
    shown = card(home, number)
    assert (shown["waiting"], shown["stage"]["key"]) == (False, "reactivated")
    assert shown["customer"] == api(home, number)
    home.clock.sleep(6)
    assert asked_again(home, number)[1]["marked"] is True
    home.settle()


def waiting(home: House) -> list[tuple[Any, ...]]:
    """Every marked record: type, id, priority, how often it was marked."""
    with home.context.store.read() as connection:
        c = marks.c
        rows = connection.execute(
            marks.select().with_only_columns(c.object_type, c.object_id, c.priority, c.seq)
        )
        return [tuple(row) for row in rows]


def test_a_portal_that_observes_says_that_its_records_do_not_hold_this_yet(tmp_path: Path) -> None:
    """The card shows the outcome, and why the properties beside it are empty."""
    with loaded(tmp_path, 10, live=False) as home:
        shown = card(home, min(home.standing()))
    assert shown["writing"] == {
        "state": "observe",
        "text": "Observing: shown here, not yet written to the record's properties.",
    }


def test_the_faces_of_a_card_without_an_outcome(home: House) -> None:
    """Each has its own word, a title and a sentence."""
    faces = {
        "unknown_record": (404, fetched(home, "/card/v1/records/0-1/999")),
        "not_a_customer": (200, fetched(home, "/card/v1/records/companies/5")),
    }
    for state, (status, found) in faces.items():
        assert (found[0], found[1]["state"]) == (status, state)
        assert found[1]["title"]
        assert found[1]["message"]
    number = max(home.standing())
    home.crm.configure_webhooks(target_url=f"{home.url}/webhooks/hubspot")
    home.crm.store.archive_record("contact", number)
    home.settle()
    assert card(home, number)["state"] == "erased"
    fresh = home.crm.store.create_record("contact", {"email": "new@example.com"})
    asked_again(home, int(fresh["id"]))
    shown = fetched(home, f"/card/v1/records/0-1/{fresh['id']}")[1]
    assert (shown["state"], shown["waiting"]) == ("waiting", True)
    home.settle()
    assert card(home, int(fresh["id"]))["state"] == "ready"


def test_a_person_who_was_erased_has_an_empty_card_that_says_so(tmp_path: Path) -> None:
    """Nothing of the person is told, and looking again brings nothing back."""
    from plugin.jobs.erase import erase

    with loaded(tmp_path, 10) as home:
        number = min(home.standing())
        assert card(home, number)["state"] == "ready"
        erase(home.context, home.portal_id, ("contact", number))
        assert card(home, number)["state"] == "erased"
        asked_again(home, number)
        home.settle()
        told = card(home, number)
        assert (told["state"], "customer" in told) == ("erased", False)


def test_before_the_first_complete_read_the_card_says_so(tmp_path: Path) -> None:
    """Installed and not loaded is another face than not installed."""
    from plugin.jobs.install import install_portal
    from plugin.records.store import Store
    from plugin.sandbox.loaders import cdnow
    from tests.conftest import NOON
    from tests.support.house import FixedClock, house

    store = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    store.migrate()
    with house(store, FixedClock(NOON), cdnow(NOON.date(), limit=3)) as home:
        number = min(home.standing())
        status, told = fetched(home, f"/card/v1/records/0-1/{number}")
        assert (status, told["state"]) == (404, "not_installed")
        install_portal(home.context, live=False)
        assert card(home, number)["state"] == "not_loaded"
    store.close()


def test_the_settings_page_is_told_what_the_api_tells(home: House) -> None:
    """Mode, counts and moments of this portal alone; nothing to change."""
    home.settle()
    status, told = fetched(home, "/card/v1/portal")
    answer = requests.get(
        f"{home.url}/api/v1/status", headers={"Authorization": f"Bearer {ADMIN}"}, timeout=10
    ).json()
    assert status == 200
    assert told["status"] == answer["portals"][0]
    assert told["mode"] == {"key": "live", "text": "Live: results are written to the records."}
    assert {one["key"]: one["count"] for one in told["stages"]} == answer["portals"][0]["stages"]
    assert told["settled"] == "Everything is up to date."
    assert fetched(home, "/card/v1/portal", method="POST", body={})[0] == 405


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_blanks(language: str) -> None:
    """A text that is missing in one language would break the card there alone."""
    import re

    from plugin.web.card_texts import words

    plural = re.compile(r"purchases_(one|few|many|other)")
    blank = re.compile(r"{(\w+)[:}]")  # behind a colon stand the forms of the word, which differ
    english = {name: text for name, text in words("en").items() if not plural.fullmatch(name)}
    here = {name: text for name, text in words(language).items() if not plural.fullmatch(name)}
    assert here.keys() == english.keys()
    for name, text in english.items():
        assert set(blank.findall(here[name])) == set(blank.findall(text)), name


def test_numbers_are_written_as_the_language_writes_them() -> None:
    """Plural forms, separators, the currency's place."""
    from plugin.web.card_texts import Speech

    said = {
        language: [
            *(Speech(language, "PLN", "UTC").purchases(n) for n in (1, 3, 5)),
            Speech(language, "PLN", "UTC").money("12345.5").replace("\xa0", " "),
            Speech(language, "PLN", "UTC").day(date(2026, 8, 20)),
        ]
        for language in LANGUAGES
    }
    assert said["en"] == ["1 purchase", "3 purchases", "5 purchases", "PLN 12,345.50", "20 Aug 2026"]
    assert said["ru"] == ["1 покупка", "3 покупки", "5 покупок", "12 345,50 PLN", "20 авг. 2026"]
    assert said["pl"] == ["1 zakup", "3 zakupy", "5 zakupów", "12 345,50 zł", "20 sie 2026"]


def test_a_process_is_ready_before_its_first_look(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every language is loaded and a customer was looked at; a store that is away hinders no start."""
    monkeypatch.setattr(localedata, "_cache", loaded_words := dict[str, Any]())
    seen = list[int]()
    told = card_view.told
    monkeypatch.setattr(card_view, "told", lambda *given: seen.append(given[3][1]) or told(*given))
    customers = Customers(home.context)
    warm(customers)
    assert set(LANGUAGES) <= set(loaded_words)
    assert seen == [min(home.standing())]

    def away(*_: Any) -> None:
        raise StoreError("away")

    monkeypatch.setattr(portals, "served", away)
    warm(customers)
