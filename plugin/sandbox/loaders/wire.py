"""Deals and associations as the CRM holds them: stages, their flags, type ids and id ranges."""

from __future__ import annotations

#: Ranges of ids, all beyond 32 bits as HubSpot's are.
CONTACT_IDS = 51_000_000_000
DEAL_IDS = 61_000_000_000
COMPANY_IDS = 71_000_000_000

#: HubSpot's own association type ids; the labelled "primary" stands beside the plain one.
DEAL_TO_CONTACT = 3
DEAL_TO_COMPANY = 341
DEAL_TO_PRIMARY_COMPANY = 5
CONTACT_TO_COMPANY = 279
CONTACT_TO_PRIMARY_COMPANY = 1

#: The default pipeline's stages in order, with HubSpot's default probabilities.
STAGES: dict[str, str] = {
    "appointmentscheduled": "0.2",
    "qualifiedtobuy": "0.4",
    "presentationscheduled": "0.6",
    "decisionmakerboughtin": "0.8",
    "contractsent": "0.9",
    "closedwon": "1.0",
    "closedlost": "0.0",
}
OPEN_STAGES: tuple[str, ...] = tuple(STAGES)[:5]


def stage_properties(stage: str) -> dict[str, str]:
    """The deal's stage with what HubSpot computes from it."""
    return {
        "pipeline": "default",
        "dealstage": stage,
        "hs_is_closed": str(stage in {"closedwon", "closedlost"}).lower(),
        "hs_is_closed_won": str(stage == "closedwon").lower(),
        "hs_deal_stage_probability": STAGES[stage],
    }


def money(amount: str, currency: str) -> dict[str, str]:
    """An amount in the portal's own currency; empty: not known."""
    if not amount:
        return {"deal_currency_code": currency}
    return {"amount": amount, "amount_in_home_currency": amount, "deal_currency_code": currency}


def company_of_contact(company_id: int) -> list[tuple[str, int, int]]:
    """The associations of a contact with its primary company."""
    return [("company", company_id, CONTACT_TO_PRIMARY_COMPANY), ("company", company_id, CONTACT_TO_COMPANY)]


def company_of_deal(company_id: int) -> list[tuple[str, int, int]]:
    """The associations of a deal with its primary company."""
    return [("company", company_id, DEAL_TO_PRIMARY_COMPANY), ("company", company_id, DEAL_TO_COMPANY)]
