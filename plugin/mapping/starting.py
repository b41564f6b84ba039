"""What to write into a first mapping file for a portal: good guesses, each with its reason. Pure.

A guess is made only from what the portal has; whatever is not found stays as it was, and every line that was
changed says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from plugin.mapping.model import Mapping as FieldMapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts
from plugin.mapping.portal_sources import READABLE
from plugin.mapping.readings import KINDS, Kind
from plugin.mapping.shares import called_a_share, why_no_money
from plugin.mapping.starting_sources import Guess, names_in, offers, several, single, written_otherwise

SHIPPED = FieldMapping()
#: Source → what the names and labels of properties for it look like, the best first.
LOOKS: dict[str, str] = {
    "nps": r"hs_feedback_last_nps_rating|\bnps\b|net promoter",
    "csat": r"\bcsat\b|customer satisfaction|satisfaction score",
    "referrals": r"\b(num(ber)? of )?referrals\b|referred (customers|people)",
    "reviews": r"\b(num(ber)? of )?reviews\b",
    "open_tickets": r"open tickets",
    "cancelled": r"\b(is )?(cancell?ed|churned)\b",
    "cancelled_on": r"cancell?(ed|ation) (on|date)|churn(ed)? (on|date)|date of (churn|cancell?ation)",
    "churn_reason": r"(churn|cancell?ation|leaving) reason|reason (for|of) (churn|cancell?ation|leaving)",
    "contract_until": (
        r"(contract|subscription|retainer|membership) (end|ends|until|expir\w*)( on| date)?|renewal date"
    ),
    "markers": r"\b(demo|trial|quote|proposal)\b.*\b(date|on|booked|started|sent)\b",
    "direction": r"\b(inbound|outbound)\b|lead direction",
}
MANY = {"markers"}
#: What every export holds, and no key names.
_SYSTEM = ("id", "createdate", "lastmodifieddate", "hs_lastmodifieddate")
#: What the day and the amount of a purchase are called where no HubSpot export says it; whole names alone.
PURCHASES: dict[str, tuple[str, Kind]] = {
    "date": (
        r"(deal )?(clos(e|ed|ing)|won)( date| on| day)?|date (closed|won)"
        r"|(order|invoice|purchase|sale|payment) ?(date|day)|date of (order|invoice|purchase|sale|payment)",
        "date",
    ),
    "amount": (
        r"((deal|order|invoice|close|total|net|gross) ?)?(amount|value|price|total|revenue|sum)( [a-z]{3})?",
        "number",
    ),
}
MARGINS = {
    "margin_property": r"\b(gross )?(margin|profit)\b",
    "cost_property": r"\b(total )?costs?\b|\bcogs\b",
}

_NO_SHARE = "Write what is earned of an amount at margin_share, as 0.35, or name a property that has the sum"


def guesses(facts: PortalFacts, customer: str = "contact", base: FieldMapping = SHIPPED) -> list[Guess]:
    """What the portal suggests, in the order of the file; `base` is what holds without it."""
    found = [Guess(("customer",), customer, named_by_deals(facts))] if customer != "contact" else []
    found += _pipelines(facts)
    found += _money(facts, base)
    for kind in ("contact", "company") if customer == "both" else (customer,):
        have = facts.properties.get(kind, {})
        sources = [*_sources(kind, have, facts.where(kind), base)]
        found += [*sources, *_extras(kind, have, _taken(sources), base)]
    return [*found, *_unread_companies(facts, customer)]


def _extras(
    kind: str, have: Mapping[str, PropertyFacts], taken: set[str], base: FieldMapping
) -> Iterator[Guess]:
    """Further properties, of which only the day of creation is read by itself: so it is declared."""
    offered = [*offers(kind, have, taken)]
    created = have.get("createdate")
    dated = created and created.spelling and created.spelling.kind == "date"
    if created is None or not dated or not written_otherwise(created):
        yield from offered
        return
    why = "the day of creation, to be read as it is written"
    made = several((kind, "extras"), [created], "date", why, must=True)
    for one in offered:
        made = replace(made, notes=(*made.notes, *one.notes), offered=one.offered)
    yield replace(made, value=[*base.sources(kind).extras, *made.value])


def _unread_companies(facts: PortalFacts, customer: str) -> Iterator[Guess]:
    """What is said of a file of companies where contacts are the customers."""
    if facts.files and customer == "contact" and facts.properties.get("company"):
        said = "The CSV of companies was not looked at: customer is contact, and nothing here is read."
        yield Guess(("company",), None, "", (said, "For companies: config init --customer both"), keep=True)


def _taken(given: list[Guess]) -> set[str]:
    """The properties that guesses name, or would."""
    doubts = (doubt.name for guess in given for doubt in guess.doubts)
    return {*(name for guess in given for name in names_in(guess.value)), *doubts, *_SYSTEM}


def likely_customer(facts: PortalFacts) -> str:
    """Companies where most deals name one; contacts otherwise."""
    deals = facts.deals.get("deal", 0)
    return "company" if 2 * facts.deals.get("company", 0) > deals else "contact"


def named_by_deals(facts: PortalFacts) -> str:
    """What that guess rests on, for people; "" where no deal was looked at."""
    seen = facts.deals.get("deal", 0)
    if not seen:
        return ""
    company, contact = (facts.deals.get(kind, 0) for kind in ("company", "contact"))
    return f"of {seen:,} deals looked at {company:,} name a company, {contact:,} a contact"


def sells(one: PipelineFacts) -> bool:
    """Whether a pipeline looks as if purchases were made in it."""
    return any(stage.won for stage in one.stages) and one.won_deals != 0


def _pipelines(facts: PortalFacts) -> list[Guess]:
    chosen = [one for one in facts.pipelines if sells(one)]
    if not chosen or len(chosen) == len(facts.pipelines):
        return []
    named = ", ".join(f"{one.id}: {one.label}" for one in facts.pipelines)
    return [Guess(("purchase", "pipelines"), [one.id for one in chosen], f"those with won deals, of {named}")]


def _money(facts: PortalFacts, base: FieldMapping) -> list[Guess]:
    have = facts.properties.get("deal", {})
    purchase = base.purchase
    amounts = [have[name] for name in purchase.amount if name in have] or _called("amount", have)
    path = ("purchase", "amount")
    found = (
        [several(path, amounts, "number", f"as {facts.where('deal')} has it", must=True)] if amounts else []
    )
    for dated in [have[purchase.date]] if purchase.date in have else _called("date", have):
        date = single(("purchase", "date"), dated, "date", must=True)
        if dated.name != purchase.date and date.doubts:  # its column is known: read once it is declared
            date = replace(date, value=dated.name, why=dated.label, keep=False)
        found += [date] if date.says or dated.name != purchase.date else []
    return [*found, *_margins(have, amounts)]


def _margins(have: Mapping[str, PropertyFacts], amounts: list[PropertyFacts]) -> Iterator[Guess]:
    """What was earned or spent as a sum of money; a share by its name or values is told, and not taken."""
    for key, looks in MARGINS.items():
        path, sums = ("purchase", key), dict(have)
        while (best := _best(looks, sums, "number")) and (why := why_no_money(best, amounts)):
            told = f"purchase.{key}: {why}. {_NO_SHARE}"
            yield Guess(path, None, "", (f"{why}.", _NO_SHARE), keep=True, refused=(told,))
            del sums[best.name]
        if best and best not in amounts:
            yield single(path, best, "number")
            return


def _called(key: str, have: Mapping[str, PropertyFacts]) -> list[PropertyFacts]:
    """The one property with values that is called as what a purchase needs; of several none is chosen."""
    looks, kind = PURCHASES[key]
    some = [one for one in have.values() if one.spelling and one.spelling.kind == kind]
    some = [one for one in some if not called_a_share(one)]
    fits = [one for one in some if any(re.fullmatch(looks, words(text)) for text in (one.name, one.label))]
    return fits if len(fits) == 1 else []


def words(text: str) -> str:
    """A name or header in lower case, with one space for all signs: `Deal_Stage` is "deal stage"."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def _sources(kind: str, have: Mapping[str, PropertyFacts], where: str, base: FieldMapping) -> Iterator[Guess]:
    for key, value in vars(base.sources(kind)).items() if have else ():
        needs = KINDS.get(key, "text")
        known = isinstance(value, str) and value in have and have[value].filled != 0
        best = _best(LOOKS[key], have, needs) if key in LOOKS and not known else None
        if best is not None:
            path, many = (kind, key), key in MANY
            yield several(path, [best], needs, best.label) if many else single(path, best, needs)
        elif isinstance(value, tuple):
            there = [have[name] for name in value if name in have]
            why = f"those that {where} has" if there else f"none of them is in {where}"
            guess = several((kind, key), there, needs, why)
            if guess.says or len(there) < len(value):
                yield guess
        elif isinstance(value, str):
            yield from _default((kind, key), value, have, needs, where)


def _default(
    path: tuple[str, str], name: str, have: Mapping[str, PropertyFacts], needs: Kind, where: str
) -> Iterator[Guess]:
    """The shipped default's property for a key: told only where something is to be said of it."""
    if name not in have:
        yield Guess(path, None, f"{where} has no {name}")
    elif (guess := single(path, have[name], needs)).says:
        yield guess


def looked_for(one: PropertyFacts) -> bool:
    """Whether its name looks like that of a date or number that a key is read from."""
    looks = [looks for key, looks in LOOKS.items() if KINDS.get(key, "text") in ("date", "number")]
    return any(_looks(one, pattern) for pattern in (*looks, *MARGINS.values()))


def _looks(one: PropertyFacts, looks: str) -> bool:
    said = (one.label.lower(), one.name.replace("_", " "))
    return one.name in looks or any(re.search(looks, text) for text in said)


def _best(looks: str, have: Mapping[str, PropertyFacts], kind: Kind) -> PropertyFacts | None:
    """The property that looks most like it: readable as such, filled most, and not one of ours."""
    fits = [
        one
        for one in have.values()
        if (one.type in READABLE[kind][0] or (one.spelling is not None and one.spelling.kind == kind))
        and not one.name.startswith("clm_")
        and one.filled != 0
        and _looks(one, looks)
    ]
    return max(fits, key=lambda one: (one.name in looks, one.filled or 0), default=None)
