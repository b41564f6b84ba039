"""Answers of the product that the card's own tests and its preview are shown, kept in hubspot-app/fixtures/.

`python -m tests.card.fixtures` writes them anew; `test_fixtures.py` holds them against the product.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from plugin.jobs.install import install_portal
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow, generate
from plugin.web.card_texts import words
from plugin.web.card_view import refusal
from tests.card.conftest import asked_again, card, fetched, loaded
from tests.conftest import NOON
from tests.support.house import FixedClock, House, house

FOLDER = Path(__file__).parents[2] / "hubspot-app" / "fixtures"


def answers(folder: Path) -> dict[str, Any]:
    """Every face of the card by name, from real portals made in `folder`."""
    found: dict[str, Any] = {}
    chosen: dict[str, int] = {}
    for language in ("en", "ru", "pl"):
        with loaded(_new(folder, language), config=f"language: {language}\n") as home:
            chosen = chosen or _customers(home)
            found |= {f"{name}-{language}": card(home, number) for name, number in chosen.items()}
            if language == "en":
                found |= _faces(home)
                home.settle()  # what is still on its way would be counted by chance
                found["settings"] = fetched(home, "/card/v1/portal")[1]
    with loaded(_new(folder, "thin"), 40) as home:
        found["thin"] = card(home, min(home.standing()))
    with loaded(_new(folder, "observe"), 10, live=False) as home:
        found["observe"] = card(home, min(home.standing()))
    found["ready-company"] = _company(_new(folder, "company"))
    found |= _unloaded(_new(folder, "unloaded"))
    found["given_up"] = refusal(
        "given_up", "en", words("en")["given_up"].format(cause="a value out of range")
    )
    return {name: _steady(told) for name, told in found.items()}


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _customers(home: House) -> dict[str, int]:
    """A customer at risk who has bought much, and one that is lost."""
    standing = sorted(home.standing().items())

    def risk(properties: dict[str, str]) -> tuple[int, float]:
        flags = len(properties.get("clm_risk_flags", "").split(";"))
        return flags, float(properties.get("clm_clv") or 0)

    risky = max(standing, key=lambda one: risk(one[1]))[0]
    return {"ready": risky, "lost": next(n for n, one in standing if one["clm_stage"] == "lost")}


def _company(folder: Path) -> dict[str, Any]:
    """The company that has bought most, where companies are the customers."""
    world = generate(40, seed=5, end=NOON.date())
    with loaded(folder, config="customer: company\n", world=world) as home:
        standing = home.standing("company").items()
        return card(
            home, max(standing, key=lambda one: float(one[1].get("clm_value_to_date") or 0))[0], "0-2"
        )


def _faces(home: House) -> dict[str, Any]:
    number = max(home.standing())
    asked_again(home, number)
    waiting = card(home, number)
    home.settle()
    home.crm.store.archive_record("contact", number)
    home.settle()
    fresh = int(home.crm.store.create_record("contact", {"email": "new@example.com"})["id"])
    asked_again(home, fresh)
    return {
        "looking": waiting,
        "erased": card(home, number),
        "waiting": card(home, fresh),
        "unknown_record": fetched(home, "/card/v1/records/0-1/999")[1],
        "not_a_customer": card(home, 5, "0-2"),
    }


def _unloaded(folder: Path) -> dict[str, Any]:
    store = Store(f"sqlite:///{folder / 'card.db'}")
    store.migrate()
    with house(store, FixedClock(NOON), cdnow(NOON.date(), limit=3)) as home:
        number = min(home.standing())
        absent = fetched(home, f"/card/v1/records/0-1/{number}")[1]
        install_portal(home.context, live=False)
        found = {"not_installed": absent, "not_loaded": card(home, number)}
    store.close()
    return found


def _steady(told: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from run to run: ports, and how many seconds settling took."""
    text = json.dumps(told, ensure_ascii=False)
    text = re.sub(r"2026-11-22T12:0\d:\d\dZ", "2026-11-22T12:00:00Z", text)
    copy: dict[str, Any] = json.loads(text)
    if "computed_at" in copy:
        copy["computed_at"] = 0
        copy["customer"]["history"] = [{**row, "recorded_at": 0} for row in copy["customer"]["history"]]
    if "admin_url" in copy:
        copy["admin_url"] = "https://lifecycle.example.com/" + copy["admin_url"].rpartition("/")[2]
        copy["status"]["backfill"] = None
    return copy


def text_of(told: dict[str, Any]) -> str:
    """As it lies in the folder."""
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for name, told in answers(Path(place)).items():
            (FOLDER / f"{name}.json").write_text(text_of(told), encoding="utf-8")
            sys.stdout.write(f"{name}\n")
