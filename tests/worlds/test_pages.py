"""A person browses the sandbox, edits a deal, and the portal behaves as if HubSpot's own page had done it."""

from datetime import UTC, date, datetime

import orjson
import pytest
import requests

from plugin.clock import FixedClock
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.server import SandboxServer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, DEAL = 51_000_000_001, 61_000_000_001
API = {"Authorization": "Bearer sandbox-token"}
STAGES = [("loyal", "Loyal"), ("sleeping", "Sleeping <b>")]


@pytest.fixture
def crm():
    world = cdnow(end=date(2026, 11, 22), limit=60, time_zone="America/New_York")
    with SandboxServer(clock=FixedClock(NOW), world=world) as server:
        yield server


def _install(crm: SandboxServer) -> None:
    """The lifecycle properties, as the plugin makes them, and a stage on one contact."""
    options = [{"label": label, "value": value, "displayOrder": n} for n, (value, label) in enumerate(STAGES)]
    made = [
        {
            "name": "clm_stage",
            "label": "Stage",
            "type": "enumeration",
            "fieldType": "select",
            "options": options,
        },
        {"name": "clm_reason", "label": "Why", "type": "string", "fieldType": "text"},
        {
            "name": "clm_churn_risk",
            "label": "Churn risk",
            "type": "number",
            "fieldType": "number",
            "numberDisplayHint": "percentage",
        },
    ]
    group = {"name": "customer_lifecycle", "label": "Customer lifecycle"}
    for path, body in [
        ("/groups", group),
        *(("", {**item, "groupName": "customer_lifecycle"}) for item in made),
    ]:
        answer = requests.post(
            f"{crm.url}/crm/properties/2026-09/contacts{path}", json=body, headers=API, timeout=10
        )
        assert answer.status_code == 201, answer.text
    crm.store.edit(
        "contact", ADA, {"clm_stage": "sleeping", "clm_reason": "<i>quiet</i>", "clm_churn_risk": "0.75"}
    )


def _get(crm: SandboxServer, path: str, status: int = 200) -> str:
    answer = requests.get(crm.url + path, timeout=10, allow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer.text


def _post(crm: SandboxServer, path: str, status: int = 303, origin: str | None = None, **form: str) -> str:
    headers = {"Origin": origin or crm.url}
    answer = requests.post(crm.url + path, form, headers=headers, timeout=10, allow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer.headers.get("Location", "") if status == 303 else answer.text


def _events(crm: SandboxServer) -> list[dict]:
    with crm.store.read() as conn:
        return [orjson.loads(row[0]) for row in conn.execute("SELECT body FROM events ORDER BY number")]


def test_the_front_page_counts_customers_by_stage(crm):
    """Every option of the stage has a bar, in its order; those without a stage are told apart."""
    assert "No stages yet." in _get(crm, "/")
    _install(crm)
    text = _get(crm, "/")
    assert text.index("Loyal") < text.index("Sleeping")
    assert '<span class="count" data-live="sleeping">1</span>' in text
    assert '<span class="count" data-live="loyal">0</span>' in text
    assert "59 without a stage yet" in text
    assert _get(crm, "/funnel").strip() in text


def test_records_are_listed_searched_and_paged(crm):
    """Fifty a page, the rest on the next; a search finds by any value; a stage lists its own."""
    _install(crm)
    first = _get(crm, "/records/contact")
    assert first.count("<tr>") == 51
    second = _get(crm, f"/records/contact?after={ADA + 49}")
    assert second.count("<tr>") == 11
    assert "Next" in first
    assert "Next" not in second
    found = _get(crm, "/records/contact?q=icemeadow.1@")
    assert (found.count("<tr>"), f"/records/contact/{ADA}" in found) == (2, True)
    staged = _get(crm, "/records/contact?stage=sleeping")
    assert (staged.count("<tr>"), f"/records/contact/{ADA}" in staged) == (2, True)
    assert "Nothing here." in _get(crm, "/records/company")
    assert f"/records/deal/{DEAL}" in _get(crm, "/records/deal")


def test_a_contact_shows_the_lifecycle_first_then_its_deals_values_and_past(crm):
    """Labels, not names; words, not codes; percent; nothing of a value is taken as HTML."""
    _install(crm)
    text = _get(crm, f"/records/contact/{ADA}")
    assert text.index("Customer lifecycle") < text.index("History") < text.index("Properties")
    assert "Sleeping &lt;b&gt;</strong>" in text
    assert "&lt;i&gt;quiet&lt;/i&gt;" in text
    assert "<i>quiet" not in text
    assert "75 %" in text
    assert "Order 0001-1 (2 CD)" in text
    assert "29.33 USD" in text
    assert _get(crm, f"/records/contact/{ADA}/live").strip() in text


def test_an_edited_deal_is_a_persons_change_and_fires_webhooks(crm):
    """Only what differs is written; the close date is noon of the portal's day; history has the old value."""
    stood = crm.store.record("deal", DEAL)["properties"]
    form = {"amount": "75.5", "dealstage": "contractsent", "closedate": "2026-02-03"}
    assert (
        _post(crm, f"/records/deal/{DEAL}/edit", back=f"/records/contact/{ADA}", **form)
        == f"/records/contact/{ADA}"
    )
    deal = crm.store.record("deal", DEAL)
    assert deal["properties"]["amount"] == "75.5"
    assert deal["properties"]["closedate"] == "2026-02-03T17:00:00.000Z"
    assert deal["properties"]["hs_is_closed_won"] == "false"
    assert [e["value"] for e in deal["history"]["amount"]] == ["75.5", stood["amount"]]
    events = {e["propertyName"]: e["changeSource"] for e in _events(crm) if e["objectId"] == DEAL}
    assert {"amount", "dealstage", "closedate"} <= events.keys()
    assert events["amount"] == "CRM_UI"


def test_a_form_that_changes_nothing_writes_nothing(crm):
    """Pressing save on an untouched form is no change."""
    stood = crm.store.record("deal", DEAL)
    day = datetime.fromisoformat(stood["properties"]["closedate"]).date().isoformat()
    values = {"amount": stood["properties"]["amount"], "dealstage": "closedwon", "closedate": day}
    _post(crm, f"/records/deal/{DEAL}/edit", **values)
    assert crm.store.record("deal", DEAL) == stood
    assert _events(crm) == []


def test_an_order_by_hand_is_a_won_deal_of_the_contact(crm):
    """Dated so many days ago, associated, won."""
    before = len(crm.store.record("contact", ADA)["associations"]["deals"])
    _post(crm, f"/records/contact/{ADA}/order", amount="20", days_ago="3")
    deals = crm.store.record("contact", ADA)["associations"]["deals"]
    assert len(deals) == before + 1
    made = crm.store.record("deal", max(int(d["id"]) for d in deals))["properties"]
    assert {k: made[k] for k in ("amount", "hs_is_closed_won", "closedate")} == {
        "amount": "20",
        "hs_is_closed_won": "true",
        "closedate": "2026-11-19T12:00:00.000Z",
    }


def test_a_contact_property_can_be_set_and_cleared(crm):
    """Any writable property; empty clears it."""
    for value, stands in (("9", "9"), ("", "")):
        _post(crm, f"/records/contact/{ADA}/edit", property="hs_feedback_last_nps_rating", value=value)
        now = crm.store.record("contact", ADA)["properties"]
        assert now.get("hs_feedback_last_nps_rating", "") == stands


def test_a_value_the_crm_refuses_is_told_on_the_page(crm):
    """The page says why, the record stays."""
    text = _post(
        crm, f"/records/contact/{ADA}/edit", 400, property="hs_feedback_last_nps_rating", value="eleven"
    )
    assert 'role="alert"' in text
    assert "eleven" in text
    assert "hs_feedback_last_nps_rating" not in crm.store.record("contact", ADA)["properties"]
    assert 'role="alert"' in _post(crm, f"/records/deal/{DEAL}/edit", 400, amount="much")


def test_a_deleted_record_is_gone_and_announced(crm):
    """The list is shown next; the record's page says that it is not here."""
    assert _post(crm, f"/records/deal/{DEAL}/delete") == "/records/deal"
    assert "This record is not here" in _get(crm, f"/records/deal/{DEAL}", 404)
    assert [e["subscriptionType"].split(".")[1] for e in _events(crm) if e["objectId"] == DEAL] == [
        "deletion"
    ]


def test_another_sites_form_cannot_edit(crm):
    """A browser names the origin of a form; a foreign one is refused before anything happens."""
    for origin in ("https://evil.example", "null", crm.url + ".evil.example"):
        _post(crm, f"/records/deal/{DEAL}/delete", 403, origin=origin)
    assert crm.store.record("deal", DEAL)["id"] == DEAL


def test_nobody_is_led_to_another_site(crm):
    """`back` is followed only within the pages."""
    for back in ("https://evil.example", "//evil.example", "/\\evil.example", "/records/\\evil"):
        assert _post(crm, f"/records/deal/{DEAL}/edit", back=back, amount="1") == f"/records/deal/{DEAL}"


def test_hubspots_own_record_addresses_lead_to_the_page(crm):
    """Links that the product shows work here, too."""
    answer = requests.get(f"{crm.url}/contacts/4242/record/0-1/{ADA}", timeout=10)
    assert answer.url == f"{crm.url}/records/contact/{ADA}"
    assert "Luca Icemeadow" in answer.text
    _get(crm, f"/contacts/4242/record/9-9/{ADA}", 404)


def test_unknown_pages_are_404(crm):
    """No traceback for a wrong address."""
    for path in ("/records/ticket", "/records/contact/9", "/records/contact/x", "/records/ticket/5"):
        _get(crm, path, 404)


def test_pages_load_nothing_from_elsewhere(crm):
    """The policy allows this host only, and no template breaks it."""
    answer = requests.get(crm.url + f"/records/contact/{ADA}", timeout=10)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
    for name in ("page.css", "page.js"):
        assert "http" not in _get(crm, f"/page-static/{name}")


@pytest.mark.parametrize(("kind", "number"), [("contact", ADA), ("deal", DEAL)])
def test_every_form_and_link_of_a_record_leads_back_to_that_record(
    crm: SandboxServer, kind: str, number: int
) -> None:
    """What a page offers works from that page."""
    import re

    page = _get(crm, f"/records/{kind}/{number}")
    addresses = set(re.findall(r'(?:action|data-refresh)="(/records/[^"]*)"', page))
    assert f"/records/{kind}/{number}/live" in addresses
    assert all(re.fullmatch(r"/records/(contact|company|deal)(/\d+(/\w+)?)?", one) for one in addresses)
    assert ("Add won deal" in page) == (kind == "contact")
