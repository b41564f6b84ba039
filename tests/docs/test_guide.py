"""Every example of the developer guide is run: files are checked, commands run, answers compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.book import ROOT, Block, Reader, blocks, sections

pytest_plugins = ["pytester"]

GUIDE = sections(ROOT / "docs/guide.md")
WITH_EXAMPLES = {title: found for title, found in GUIDE.items() if found}


@pytest.fixture
def reader(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> Iterator[Reader]:
    """Somebody who types what the guide says."""
    made = Reader(pytester, monkeypatch, redis_url)
    yield made
    made.close()


@pytest.mark.parametrize("title", WITH_EXAMPLES)
def test_a_sections_examples_work_as_written(reader: Reader, title: str) -> None:
    """From an empty folder, in the order of the page."""
    reader.read(WITH_EXAMPLES[title])


def test_the_failure_that_the_guide_shows_is_what_a_failure_looks_like(reader: Reader) -> None:
    """The table of the guide with a wrong expectation gives the guide's own lines."""
    section = GUIDE["Test our rules on a table of customers"]
    shown = next(b for b in section if b.language == "text" and not b.answers).text
    wrong = ("stage: member\n        next", "stage: guest\n        next")
    files = [Block(b.language, b.text.replace(*wrong), b.name) for b in section if b.name]
    reader.read([block for block in files if block.name != "club.customers.csv"])
    done = reader.pytester.runpytest_inprocess("-p", "plugin.testing.pytest_plugin", "club.customers.yaml")
    done.assert_outcomes(failed=1, passed=1)
    assert shown.strip() in done.stdout.str()


def test_every_task_has_an_example_and_every_example_is_run() -> None:
    """No block of a kind that the reader passes over."""
    empty = [title for title, found in GUIDE.items() if not found]
    assert empty == ["Try a change before it counts", "When something is refused"]
    kinds = {block.language for found in GUIDE.values() for block in found}
    assert kinds == {"sh", "yaml", "text", "toml", "python", "csv"}
    every = [block for found in GUIDE.values() for block in found]
    unnamed = [b.text for b in every if b.language in ("toml", "python", "csv") and not b.name]
    assert unnamed == []


def test_a_wrong_example_is_noticed(reader: Reader) -> None:
    """The reader of this test is no rubber stamp."""
    with pytest.raises(AssertionError, match="langauge"):
        reader.read(blocks("```yaml\nversion: 1\nlangauge: en\n```\n"))
    with pytest.raises(AssertionError):
        reader.read(blocks("```sh\nlifecycle models list\n```\n\n```text\nlifecycle10\n```\n"))


def test_the_messages_that_the_guide_explains_are_the_products_own() -> None:
    """Each message in the table of refusals stands in the code."""
    table = (ROOT / "docs/guide.md").read_text().partition("## When something is refused")[2]
    told = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    code = "".join(path.read_text() for path in Path(ROOT / "plugin").rglob("*.py"))
    parts = {
        "unknown name 'purchses'; did you mean 'purchases'?": ("unknown name '", "; did you mean '"),
        "a text is compared with a number": (" is compared with a ",),
        "There is no rule file …": ("There is no rule file ",),
        "which changes from day to day, but moves is still": (
            "which changes from day to day, but `moves` is ",
        ),
        "It holds records already, so --world … is not loaded": ("It holds records already, so --world ",),
    }
    assert len(told) == 9
    for message in told:
        assert all(part in code for part in parts.get(message, (message,))), message
