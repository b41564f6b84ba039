"""The path through every scheme of customers who left and came back."""

from __future__ import annotations

from tests.lifecycle.naive import Person
from tests.lifecycle.persons import QUITTER, RETURNING

Path = dict[str, str]  # the first day of each stage, and the stage

RETURNERS: dict[str, tuple[Person, dict[str, Path]]] = {
    "a sleeping customer who comes back": (
        RETURNING,
        {
            "lifecycle9": {
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-08-09": "sleeping",
                "2024-10-01": "reactivated",
                "2024-12-31": "loyal",
                "2025-03-31": "sleeping",
                "2025-10-02": "lost",
            },
            "path5": {
                "2024-01-10": "sale",
                "2024-02-10": "retention",
                "2024-10-01": "loyalty",
                "2025-03-31": "retention",
                "2025-10-02": "exited",
            },
            "clm6": {
                "2024-01-10": "purchase",
                "2024-01-18": "support",
                "2024-02-10": "advocacy",
                "2024-08-09": "support",
                "2024-10-01": "advocacy",
                "2025-03-31": "support",
            },
            "relationship5": {
                "2024-01-10": "conversion",
                "2024-02-10": "retention",
                "2024-10-01": "loyalty",
                "2025-03-31": "retention",
            },
            "value5": {
                "2024-01-10": "sale",
                "2024-01-18": "value_delivery",
                "2024-02-10": "retention",
                "2025-10-02": "value_delivery",
            },
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "development",
                "2024-08-09": "reactivation",
                "2024-10-01": "retention",
                "2025-03-31": "reactivation",
            },
            "churn5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-08-09": "reactivation",
                "2024-10-01": "retention",
                "2025-03-31": "reactivation",
                "2025-10-02": "churned",
            },
            "partnership5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-10-01": "development",
                "2025-01-09": "partnership",
                "2025-03-31": "retention",
            },
            "maturity7": {
                "2024-01-10": "developing",
                "2024-02-10": "developed",
                "2024-08-09": "sleeping",
                "2024-10-01": "developed",
                "2025-03-31": "sleeping",
                "2025-10-02": "lost",
            },
        },
    ),
    "a promoter who cancels and buys again": (
        QUITTER,
        {
            "lifecycle9": {
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-03-15": "loyal",
                "2024-06-01": "lost",
                "2024-07-01": "reactivated",
                "2024-09-30": "loyal",
                "2024-12-29": "sleeping",
                "2025-07-02": "lost",
            },
            "path5": {
                "2024-01-10": "sale",
                "2024-02-10": "retention",
                "2024-03-15": "loyalty",
                "2024-06-01": "exited",
                "2024-07-01": "loyalty",
                "2024-12-29": "retention",
                "2025-07-02": "exited",
            },
            "clm6": {
                "2024-01-10": "purchase",
                "2024-01-18": "support",
                "2024-03-01": "advocacy",
                "2024-06-01": "support",
                "2024-07-01": "advocacy",
                "2024-12-29": "support",
            },
            "relationship5": {
                "2024-01-10": "conversion",
                "2024-02-10": "retention",
                "2024-03-15": "loyalty",
                "2024-06-01": "retention",
                "2024-07-01": "loyalty",
                "2024-12-29": "retention",
            },
            "value5": {
                "2024-01-10": "sale",
                "2024-01-18": "value_delivery",
                "2024-03-01": "retention",
                "2024-06-01": "value_delivery",
                "2024-07-01": "retention",
                "2025-07-02": "value_delivery",
            },
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "involvement",
                "2024-03-01": "development",
                "2024-06-01": "reactivation",
                "2024-07-01": "retention",
                "2024-12-29": "reactivation",
            },
            "churn5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-06-01": "churned",
                "2024-07-01": "retention",
                "2024-12-29": "reactivation",
                "2025-07-02": "churned",
            },
            "partnership5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-07-01": "development",
                "2024-12-29": "retention",
            },
            "maturity7": {
                "2024-01-10": "developing",
                "2024-03-01": "developed",
                "2024-06-01": "lost",
                "2024-07-01": "developed",
                "2024-12-29": "sleeping",
                "2025-07-02": "lost",
            },
        },
    ),
}
