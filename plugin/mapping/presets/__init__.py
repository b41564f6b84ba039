"""Mapping files for common businesses, to start from; each is a whole file with comments for a CRM admin.

A preset may bring rules of its own: the file `NAME.rules.yaml` beside it, which mappings name as
`preset:NAME` under `rules`.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from plugin.errors import ConfigError
from plugin.mapping.findings import nearest

#: name → one line for lists, in the order shown to people.
SUMMARIES: dict[str, str] = {
    "b2b": "companies as customers, sold to by deals over weeks or months",
    "subscriptions": "contracts that end, are renewed or cancelled",
    "shop": "people who order often and without a salesman",
    "services": "companies with retainers and projects: agencies, consultants, workshops",
}
#: What people call such a business otherwise.
OTHER_WORDS: dict[str, str] = {
    **dict.fromkeys(
        ("b2c", "d2c", "dtc", "ecommerce", "ecom", "retail", "store", "webshop", "shopify"), "shop"
    ),
    **dict.fromkeys(("saas", "subscription", "membership", "contracts", "recurring"), "subscriptions"),
    **dict.fromkeys(("agency", "agencies", "consulting", "service", "freelance", "projects"), "services"),
    **dict.fromkeys(("sales", "enterprise", "business", "companies", "crm", "opportunities"), "b2b"),
}
#: The customer's sources without any of which a preset is about nothing.
RESTS_ON: dict[str, tuple[str, ...]] = {"subscriptions": ("contract_until", "cancelled_on", "cancelled")}
#: How a mapping names the rules of a preset.
PREFIX = "preset:"
_FOLDER = Path(str(resources.files(__name__)))


def names() -> tuple[str, ...]:
    """The presets, in the order shown to people."""
    return tuple(SUMMARIES)


def text(name: str) -> str:
    """The preset's mapping file, with its comments. ConfigError: there is none of that name."""
    if name not in SUMMARIES:
        raise ConfigError(f"There is no preset {name!r}.", cure=suggestion(name))
    return (_FOLDER / f"{name}.yaml").read_text("utf-8")


def suggestion(name: str) -> str:
    """What was probably meant by a name, and every preset with what it is for."""
    word = name.lower()
    close = (OTHER_WORDS.get(word.replace("-", "").replace("_", "")), *nearest(word, SUMMARIES))
    meant = next((one for one in close if one), None)
    told = "\n".join(f"  {key:<14} {said}" for key, said in SUMMARIES.items())
    return f"{f'Did you mean {meant}? ' if meant else ''}The presets are:\n{told}"


def rule_file(name: str) -> Path:
    """The rule file that `preset:NAME` stands for; it may not exist."""
    return _FOLDER / f"{name}.rules.yaml"


def rules_text(name: str) -> str:
    """The rules that a preset brings. ConfigError: it brings none."""
    if name not in SUMMARIES:
        raise ConfigError(f"There is no preset {name!r}.", cure=suggestion(name))
    if not rule_file(name).is_file():
        raise ConfigError(f"The preset {name} brings no rules.", cure="It uses the shipped ones as they are.")
    return rule_file(name).read_text("utf-8")
