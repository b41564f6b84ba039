"""The account of what was read and what was left out, as lines for people in the mapping's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from babel.numbers import format_decimal, format_percent

from plugin.lifecycle.reading_texts import WORDS, problem
from plugin.lifecycle.reasons import Number

Account = Mapping[str, Any]
#: What is read of deals by itself and cannot be declared, but as the date of purchases → the cure for it.
_FIXED = {"createdate": "fixed", "closedate": "fixed", "hs_deal_stage_probability": "none"}


def account_lines(account: Account, language: str | None = None, locale: str | None = None) -> list[str]:
    """One line of what was read, one a reason for leaving out with its cure, one a property not understood.

    In the language of the mapping that the account was made with, unless another is given; `locale` is how
    numbers are written.
    """
    speech = _Speech(account, language, locale)
    return [
        speech.read(),
        *(speech.left_out(one) for one in account["left_out"]),
        *(speech.unread(row) for row in account["unread"]),
    ]


def account_title(language: str) -> str:
    """What stands above the lines."""
    return WORDS[language].title


def reason(one: Account, account: Account) -> dict[str, str]:
    """`text` and `cure` of deals that were left out."""
    speech = _Speech(account, None, None)
    return dict(zip(("text", "cure"), speech.reason(one), strict=True))


class _Speech:
    """How one account is told."""

    def __init__(self, account: Account, language: str | None, locale: str | None) -> None:
        self.account = account
        self.language = language or account.get("language") or "en"
        self.locale = locale or (None if language else account.get("locale")) or self.language
        self.words = WORDS[self.language]
        self.currency = account["revenue"]["currency"] or ""

    def number(self, value: int) -> Number:
        return Number.of(value, self.locale)

    def money(self, value: float) -> str:
        """With two places, and the currency's code if it is known."""
        written = format_decimal(value, format="#,##0.00", locale=self.locale)
        return f"{written} {self.currency}".strip()

    def read(self) -> str:
        """What was read, and how much of the money counts."""
        read, kinds = self.account["read"], self.words.kinds
        parts = [kinds[name].format(n=self.number(read[name])) for name in kinds if read[name]]
        deals = [] if read["deals"] else [kinds["deals"].format(n=self.number(0))]
        states = f" ({self.states(read)})" if read["deals"] else ""
        return self.words.read.format(parts=", ".join([*parts, *deals]) + states, money=self.counted())

    def counted(self) -> str:
        """How much money was won, and how much of it counts; nothing where none was won."""
        revenue = self.account["revenue"]
        if not revenue["total"]:
            return ""
        share = 1 - revenue["share_left_out"]
        which = "all" if share >= 1 else "none" if share <= 0 else "some"
        rounded = min(max(share, 0.001), 0.999)  # some is neither shown as all nor as none
        written = format_percent(rounded, format="#,##0.#%", locale=self.locale)
        counts = self.words.counts[which].format(share=written)
        return self.words.money.format(amount=self.money(revenue["total"]), counts=counts)

    def states(self, counts: Account) -> str:
        """How many deals are in each state."""
        words = self.words.states
        found = [words[name].format(n=self.number(counts[name])) for name in words if counts[name]]
        return ", ".join(found) or self.words.none

    def reason(self, one: Account) -> Iterator[str]:
        """Why deals were left out, and the cure."""
        unsaid = one["what"] == "no_rate" and not self.currency
        kind = " ".join(part for part in (one["what"], one["customer"], "unsaid" if unsaid else "") if part)
        names = self.account.get("names") or {"date": "closedate", "amount": ["amount"]}
        blanks = {
            "n": self.number(one["deals"]),
            "date": names["date"],
            "amount": self.words.either.join(names["amount"]),
            "currency": self.currency,
        }
        yield from (text.format_map(blanks) for text in self.words.reasons[kind])

    def left_out(self, one: Account) -> str:
        """Deals that were left out, with examples."""
        text, cure = self.reason(one)
        return self.words.left_out.format(
            text=text,
            states=self.states(one),
            money=f", {self.money(one['revenue'])}" if one["revenue"] else "",
            examples=self.words.example.format(ids=", ".join(map(str, one["examples"]))),
            cure=cure,
        )

    def unread(self, row: Account) -> str:
        """Values of one property that could not be understood."""
        examples = ", ".join(repr(example) for example in row["examples"])
        line = self.words.unread.format(
            n=self.number(row["count"]),
            what=f"{row['object']}.{row['property']}",
            problem=problem(row["problem"], self.words),
            examples=f" ({examples})" if examples else "",
        )
        cure = self.unread_cure(row)
        return f"{line} {cure}." if cure else line

    def unread_cure(self, row: Account) -> str:
        """How such values come to be read; "" where the problem says it, as of declared ones."""
        kind, name = row["object"], row["property"]
        section = "purchase" if kind == "deal" else f"{kind}.extras" if name == "createdate" else kind
        dated = (self.account.get("names") or {}).get("date")
        fixed = kind == "deal" and name != dated and _FIXED.get(name)
        return self.words.cures.get(fixed or row["problem"], "").format(where=section)
