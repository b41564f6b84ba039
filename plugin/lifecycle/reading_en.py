"""The account of what was read in English; forms of a word after a colon go with the number."""

from __future__ import annotations

from plugin.lifecycle.reading_words import SETTINGS, Reason, Words

TEXTS = Words(
    title="What was read",
    read="Read: {parts}{money}.",
    kinds={
        "contacts": "{n:# contact|# contacts}",
        "companies": "{n:# company|# companies}",
        "deals": "{n:# deal|# deals}",
    },
    states={"won": "{n} won", "open": "{n} open", "lost": "{n} lost", "other": "{n} won elsewhere"},
    none="none",
    money="; {amount} won, {counts}",
    counts={
        "all": "all of it counted as revenue of customers",
        "some": "{share} of it counted as revenue of customers",
        "none": "none of it counted as revenue of customers",
    },
    left_out="Left out: {text} ({states}{money}){examples}. {cure}",
    reasons={
        "no_customer contact": Reason(
            "{n:# deal belongs|# deals belong} to no contact",
            "Associate each with its contact in HubSpot; in a file contact_ids says it.",
        ),
        "no_customer company": Reason(
            "{n:# deal belongs|# deals belong} to no company",
            "Associate each with its company in HubSpot; in a file company_ids says it.",
        ),
        "unknown_customer contact": Reason(
            "{n:# deal belongs|# deals belong} only to contacts that are not among those read",
            "Give the file of all contacts; of a portal `lifecycle reconcile --full` reads them.",
        ),
        "unknown_customer company": Reason(
            "{n:# deal belongs|# deals belong} only to companies that are not among those read",
            "Give the file of all companies; of a portal `lifecycle reconcile --full` reads them.",
        ),
        "no_date": Reason(
            "{n:# deal is|# deals are} won without {date}: no purchase",
            "Enter {date} in HubSpot, or name another property under purchase.date.",
        ),
        "no_amount": Reason(
            "{n:# deal is|# deals are} won without a readable amount: a purchase, but no money",
            "Enter {amount}, or name other properties under purchase.amount.",
        ),
        "no_rate": Reason(
            "{n:# deal is|# deals are} won in another currency than {currency}, without a value in it: "
            "no money",
            f"Set exchange rates in HubSpot ({SETTINGS}), so that amount_in_home_currency is filled.",
        ),
        "no_rate unsaid": Reason(
            "{n:# deal is|# deals are} won in a currency of which nothing says that it is the account's own: "
            "no money",
            "Name the account's own under `currency` in the mapping.",
        ),
        "later": Reason(
            "{n:# deal is|# deals are} won with a later {date}: no purchase yet",
            "They count from that day on.",
        ),
    },
    either=" or ",
    unread="Taken as unknown: {n} × {what}: {problem}{examples}.",
    problems={},
    cures={
        "not a date": "Write it as 2026-01-31, or declare under {where} how it is written "
        "(type: date, format: DD.MM.YYYY)",
        "not a number": "Write it as 1234.5, or declare under {where} how it is written "
        '(type: number, decimal: ",", thousands: ".")',
        "fixed": "Write it as 2026-01-31; no key declares it",
    },
    example=", e.g. {ids}",
)
