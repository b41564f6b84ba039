"""A first mapping file for a portal: the shipped default with its comments, and good guesses filled in. Pure.

A guess is made only from what the portal has; whatever is not found stays as it was, and every line that was
changed says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plugin.mapping.load import default_text
from plugin.mapping.model import Mapping as FieldMapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts
from plugin.mapping.portal_sources import READABLE
from plugin.mapping.positions import Path, read_yaml
from plugin.mapping.readings import KINDS, Kind

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
    "contract_until": r"(contract|subscription) (end|ends|until|expir\w*)( on| date)?|renewal date",
    "markers": r"\b(demo|trial|quote|proposal)\b.*\b(date|on|booked|started|sent)\b",
    "direction": r"\b(inbound|outbound)\b|lead direction",
}
MANY = {"markers"}
MARGINS = {
    "margin_property": r"\b(gross )?(margin|profit)\b",
    "cost_property": r"\b(total )?costs?\b|\bcogs\b",
}


@dataclass(frozen=True)
class Guess:
    """A value for one key, with the reason that is written beside it."""

    path: Path
    value: Any
    why: str


def guesses(facts: PortalFacts, customer: str = "contact") -> list[Guess]:
    """What the portal suggests, in the order of the file."""
    found = [Guess(("customer",), customer, "")] if customer != "contact" else []
    found += _pipelines(facts)
    found += _money(facts.properties.get("deal", {}))
    for kind in ("contact", "company") if customer == "both" else (customer,):
        found += _sources(kind, facts.properties.get(kind, {}))
    return found


def likely_customer(facts: PortalFacts) -> str:
    """Companies where they are recorded and deals name them; contacts otherwise."""
    companies, contacts = facts.records.get("company", 0), facts.records.get("contact", 0)
    return "company" if companies and contacts and companies * 2 <= contacts and facts.b2b else "contact"


def sells(one: PipelineFacts) -> bool:
    """Whether a pipeline looks as if purchases were made in it."""
    return any(stage.won for stage in one.stages) and one.won_deals != 0


def _pipelines(facts: PortalFacts) -> list[Guess]:
    chosen = [one for one in facts.pipelines if sells(one)]
    if not chosen or len(chosen) == len(facts.pipelines):
        return []
    named = ", ".join(f"{one.id}: {one.label}" for one in facts.pipelines)
    return [Guess(("purchase", "pipelines"), [one.id for one in chosen], f"those with won deals, of {named}")]


def _money(have: Mapping[str, PropertyFacts]) -> list[Guess]:
    amounts = [n for n in FieldMapping().purchase.amount if n in have]
    found = [Guess(("purchase", "amount"), amounts, "as the portal has it")] if have and amounts else []
    for key, looks in MARGINS.items():
        if (best := _best(looks, have, "number")) and best.name not in amounts:
            return [*found, Guess(("purchase", key), best.name, best.label)]
    return found


def _sources(kind: str, have: Mapping[str, PropertyFacts]) -> list[Guess]:
    if not have:
        return []
    found = []
    for key, value in vars(FieldMapping().sources(kind)).items():
        looks = LOOKS.get(key)
        best = _best(looks, have, KINDS.get(key, "text")) if looks else None
        if best is not None:
            found.append(Guess((kind, key), [best.name] if key in MANY else best.name, best.label))
        elif isinstance(value, tuple) and any(name not in have for name in value):
            kept = [name for name in value if name in have]
            found.append(Guess((kind, key), kept, "those that the portal has"))
        elif isinstance(value, str) and value not in have:
            found.append(Guess((kind, key), None, f"the portal has no {value}"))
    return found


def _best(looks: str, have: Mapping[str, PropertyFacts], kind: Kind) -> PropertyFacts | None:
    """The property that looks most like it: readable as such, filled most, and not one of ours."""
    fits = [
        one
        for one in have.values()
        if one.type in READABLE[kind][0]
        and not one.name.startswith("clm_")
        and one.filled != 0
        and (
            re.search(looks, one.label.lower())
            or re.search(looks, one.name.replace("_", " "))
            or one.name in looks
        )
    ]
    return max(fits, key=lambda one: (one.name in looks, one.filled or 0), default=None)


def first_file(facts: PortalFacts, given: Iterable[Guess]) -> str:
    """The text of the file: the shipped default with these values in it."""
    lines = default_text().splitlines()
    places = read_yaml(default_text().encode()).places
    changed = {places[(*guess.path, "<key>")][0] - 1: guess for guess in given}
    out: list[str] = []
    skip = -1
    for number, line in enumerate(lines):
        if number in changed:
            out.append(_line(line, changed[number]))
            skip = len(line) - len(line.lstrip())
        elif skip >= 0 and line.strip().startswith("- ") and len(line) - len(line.lstrip()) > skip:
            continue  # the default's list, replaced
        else:
            skip = -1
            out.append(line)
    return "\n".join([*_head(facts), *out]) + "\n"


def _head(facts: PortalFacts) -> list[str]:
    """What the portal has, as comments on top: so that the file can be edited without looking it up."""
    lines = [f"# Pipeline {one.id} ({one.label}): {stages_line(one)}" for one in facts.pipelines]
    return [
        "# Guessed from the portal; a comment behind a line says why. Pipelines with their stages:",
        *lines,
        "",
    ]


def stages_line(one: PipelineFacts) -> str:
    """The stages of a pipeline by id, with their labels, and which are won."""
    return ", ".join(f"{s.id} ({s.label}{', won' if s.won else ''})" for s in one.stages)


def _line(line: str, guess: Guess) -> str:
    key = line[: line.index(":") + 1]
    value = "" if guess.value is None else " " + json.dumps(guess.value, ensure_ascii=False)
    why = re.sub(r"\s+", " ", guess.why).strip()
    return f"{key}{value}" + (f"  # {why}" if why else "")
