"""A file of an older version is read as the present one, and messages still point at its own lines."""

from __future__ import annotations

from plugin.mapping.positions import Document, read_yaml
from plugin.mapping.schema import CURRENT_VERSION
from plugin.mapping.upgrades import STEPS, move, upgrade

OLD = "version: 1\nsales:\n  value: amount\n"


def _renamed(document: Document) -> None:
    """An example of a step: `sales` becomes `purchase`, `value` becomes `amount`."""
    move(document, ("sales", "value"), ("purchase", "amount"))
    document.value.pop("sales", None)


def _in_a_list(document: Document) -> None:
    document.value["purchase"]["amount"] = [document.value["purchase"]["amount"]]


def test_the_chain_leads_from_version_1_to_the_present_one() -> None:
    """One format so far: no steps. Whoever adds one raises the version with it."""
    assert len(STEPS) + 1 == CURRENT_VERSION == 1


def test_an_older_file_is_brought_up_step_by_step_and_keeps_its_places() -> None:
    """From the version it says, through every step after it."""
    document = read_yaml(OLD.encode())
    assert upgrade(document, (_renamed, _in_a_list)) == 1
    assert document.value == {"version": 3, "purchase": {"amount": ["amount"]}}
    assert document.place(("purchase", "amount")) == (3, 10)
    half = read_yaml(b"version: 2\npurchase:\n  amount: hs_arr\n")
    assert upgrade(half, (_renamed, _in_a_list)) == 2
    assert half.value == {"version": 3, "purchase": {"amount": ["hs_arr"]}}


def test_a_version_that_is_not_known_is_left_to_the_check() -> None:
    """Newer, none, or nonsense."""
    for text in ("version: 4\n", "version: x\n", "language: en\n", "version: true\n", "- a\n", ""):
        document = read_yaml(text.encode())
        before = document.value
        assert upgrade(document, (_renamed, _in_a_list)) is None
        assert document.value == before
