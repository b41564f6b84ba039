"""The answers that the card is tested and shown with are the product's own, word for word."""

from __future__ import annotations

from pathlib import Path

from tests.card.fixtures import FOLDER, answers, text_of


def test_what_the_card_is_tested_with_is_what_the_product_answers(tmp_path: Path) -> None:
    """After a change of the answer: `python -m tests.card.fixtures`, and look at the card again."""
    made = {f"{name}.json": text_of(told) for name, told in answers(tmp_path).items()}
    kept = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}
    assert made.keys() == kept.keys()
    for name, text in made.items():
        assert text == kept[name], name
