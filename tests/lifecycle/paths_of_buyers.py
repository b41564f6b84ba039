"""The path through every scheme of customers who bought and fell silent."""

from __future__ import annotations

from tests.lifecycle.naive import Person
from tests.lifecycle.persons import ONE_TIME, REGULAR

Path = dict[str, str]  # the first day of each stage, and the stage

BUYERS: dict[str, tuple[Person, dict[str, Path]]] = {
    "a regular buyer who falls asleep and is lost": (
        REGULAR,
        {
            "lifecycle9": {
                "2024-01-01": "lead",
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-03-10": "loyal",
                "2024-09-07": "sleeping",
                "2025-03-11": "lost",
            },
            "path5": {
                "2024-01-01": "attraction",
                "2024-01-10": "sale",
                "2024-02-10": "retention",
                "2024-03-10": "loyalty",
                "2024-09-07": "retention",
                "2025-03-11": "exited",
            },
            "clm6": {
                "2024-01-01": "awareness",
                "2024-01-10": "purchase",
                "2024-01-18": "support",
                "2024-02-10": "advocacy",
                "2024-09-07": "support",
            },
            "relationship5": {
                "2024-01-01": "awareness",
                "2024-01-10": "conversion",
                "2024-02-10": "retention",
                "2024-03-10": "loyalty",
                "2024-09-07": "retention",
            },
            "value5": {
                "2024-01-01": "acquisition",
                "2024-01-10": "sale",
                "2024-01-18": "value_delivery",
                "2024-02-10": "retention",
                "2025-03-11": "value_delivery",
            },
            "growth6": {
                "2024-01-01": "attraction",
                "2024-01-10": "acquisition",
                "2024-02-10": "development",
                "2024-03-10": "retention",
                "2024-09-07": "reactivation",
            },
            "churn5": {
                "2024-01-01": "attraction",
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-09-07": "reactivation",
                "2025-03-11": "churned",
            },
            "partnership5": {
                "2024-01-01": "attraction",
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-03-10": "development",
                "2024-09-07": "retention",
            },
            "maturity7": {
                "2024-01-01": "attraction",
                "2024-01-10": "developing",
                "2024-02-10": "developed",
                "2024-09-07": "sleeping",
                "2025-03-11": "lost",
            },
        },
    ),
    "a one-time buyer": (
        ONE_TIME,
        {
            "lifecycle9": {
                "2024-01-01": "lead",
                "2024-01-05": "engaged",
                "2024-01-20": "evaluating",
                "2024-02-01": "new_customer",
                "2024-03-03": "active",
                "2024-07-31": "sleeping",
                "2025-02-01": "lost",
            },
            "path5": {
                "2024-01-01": "attraction",
                "2024-01-05": "winning",
                "2024-02-01": "sale",
                "2024-03-03": "retention",
                "2025-02-01": "exited",
            },
            "clm6": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-01-20": "evaluation",
                "2024-02-01": "purchase",
                "2024-02-09": "support",
            },
            "relationship5": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-02-01": "conversion",
                "2024-03-03": "retention",
            },
            "value5": {
                "2024-01-01": "acquisition",
                "2024-01-05": "engagement",
                "2024-01-20": "sale",
                "2024-02-09": "value_delivery",
            },
            "growth6": {
                "2024-01-01": "attraction",
                "2024-01-20": "acquisition",
                "2024-03-03": "involvement",
                "2024-07-31": "reactivation",
            },
            "churn5": {
                "2024-01-01": "attraction",
                "2024-02-01": "acquisition",
                "2024-03-03": "retention",
                "2024-07-31": "reactivation",
                "2025-02-01": "churned",
            },
            "partnership5": {
                "2024-01-01": "attraction",
                "2024-02-01": "acquisition",
                "2024-03-03": "retention",
            },
            "maturity7": {
                "2024-01-01": "attraction",
                "2024-01-05": "first_contact",
                "2024-01-20": "nurturing",
                "2024-02-01": "developing",
                "2024-07-31": "sleeping",
                "2025-02-01": "lost",
            },
        },
    ),
}
