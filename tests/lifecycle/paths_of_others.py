"""The path through every scheme of leads, of who is bound or negotiates, and of who has no purchase."""

from __future__ import annotations

from tests.lifecycle.naive import Person
from tests.lifecycle.persons import BOUND, COLD, NEGOTIATING, REFUNDED, UNKNOWN

Path = dict[str, str]  # the first day of each stage, and the stage

OTHERS: dict[str, tuple[Person, dict[str, Path]]] = {
    "a lead whose deal was lost and who went cold": (
        COLD,
        {
            "lifecycle9": {
                "2024-01-01": "lead",
                "2024-01-05": "engaged",
                "2024-02-01": "evaluating",
                "2024-03-01": "engaged",
                "2024-07-04": "lead",
                "2024-08-29": "lost",
            },
            "path5": {
                "2024-01-01": "attraction",
                "2024-01-05": "winning",
                "2024-07-04": "attraction",
                "2024-08-29": "exited",
            },
            "clm6": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-02-01": "evaluation",
                "2024-03-01": "engagement",
                "2024-07-04": "awareness",
            },
            "relationship5": {
                "2024-01-01": "awareness",
                "2024-01-05": "engagement",
                "2024-07-04": "awareness",
            },
            "value5": {
                "2024-01-01": "acquisition",
                "2024-01-05": "engagement",
                "2024-02-01": "sale",
                "2024-03-01": "engagement",
                "2024-07-04": "acquisition",
            },
            "growth6": {
                "2024-01-01": "attraction",
                "2024-02-01": "acquisition",
                "2024-03-01": "attraction",
            },
            "churn5": {"2024-01-01": "attraction"},
            "partnership5": {"2024-01-01": "attraction"},
            "maturity7": {
                "2024-01-01": "attraction",
                "2024-01-05": "first_contact",
                "2024-02-01": "nurturing",
                "2024-03-01": "first_contact",
                "2024-08-29": "lost",
            },
        },
    ),
    "somebody of whom nothing is known": (
        UNKNOWN,
        {
            "lifecycle9": {"2024-01-01": "lead"},
            "path5": {"2024-01-01": "attraction"},
            "clm6": {"2024-01-01": "awareness"},
            "relationship5": {"2024-01-01": "awareness"},
            "value5": {"2024-01-01": "acquisition"},
            "growth6": {"2024-01-01": "attraction"},
            "churn5": {"2024-01-01": "attraction"},
            "partnership5": {"2024-01-01": "attraction"},
            "maturity7": {"2024-01-01": "attraction"},
        },
    ),
    "a buyer whose contract runs": (
        BOUND,
        {
            "lifecycle9": {"2024-01-10": "new_customer", "2024-02-10": "active", "2025-04-01": "lost"},
            "path5": {"2024-01-10": "sale", "2024-02-10": "retention", "2025-04-01": "exited"},
            "clm6": {"2024-01-10": "purchase", "2024-01-18": "support"},
            "relationship5": {"2024-01-10": "conversion", "2024-02-10": "retention"},
            "value5": {"2024-01-10": "sale", "2024-01-18": "value_delivery"},
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "involvement",
                "2025-04-01": "reactivation",
            },
            "churn5": {"2024-01-10": "acquisition", "2024-02-10": "retention", "2025-04-01": "churned"},
            "partnership5": {"2024-01-10": "acquisition", "2024-02-10": "retention"},
            "maturity7": {"2024-01-10": "developing", "2025-04-01": "lost"},
        },
    ),
    "a buyer in the middle of a new deal": (
        NEGOTIATING,
        {
            "lifecycle9": {
                "2024-01-10": "new_customer",
                "2024-02-10": "active",
                "2024-11-29": "sleeping",
                "2025-01-10": "lost",
            },
            "path5": {"2024-01-10": "sale", "2024-02-10": "retention", "2025-01-10": "exited"},
            "clm6": {"2024-01-10": "purchase", "2024-01-18": "support"},
            "relationship5": {"2024-01-10": "conversion", "2024-02-10": "retention"},
            "value5": {"2024-01-10": "sale", "2024-01-18": "value_delivery"},
            "growth6": {
                "2024-01-10": "acquisition",
                "2024-02-10": "involvement",
                "2024-11-29": "reactivation",
            },
            "churn5": {
                "2024-01-10": "acquisition",
                "2024-02-10": "retention",
                "2024-11-29": "reactivation",
                "2025-01-10": "churned",
            },
            "partnership5": {"2024-01-10": "acquisition", "2024-02-10": "retention"},
            "maturity7": {"2024-01-10": "developing", "2024-11-29": "sleeping", "2025-01-10": "lost"},
        },
    ),
    "somebody with a free order and a refund, which are no purchases": (
        REFUNDED,
        {
            "lifecycle9": {"2024-01-01": "lead", "2024-08-29": "lost"},
            "path5": {"2024-01-01": "attraction", "2024-08-29": "exited"},
            "clm6": {"2024-01-01": "awareness"},
            "relationship5": {"2024-01-01": "awareness"},
            "value5": {"2024-01-01": "acquisition"},
            "growth6": {"2024-01-01": "attraction"},
            "churn5": {"2024-01-01": "attraction"},
            "partnership5": {"2024-01-01": "attraction"},
            "maturity7": {"2024-01-01": "attraction", "2024-08-29": "lost"},
        },
    ),
}
