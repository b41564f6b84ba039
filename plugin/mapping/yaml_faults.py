"""What the YAML parser complains about, as a place, a sentence and a cure that are true of the file."""

from __future__ import annotations

import re
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.reader import ReaderError

_GENERAL = "Check the indentation, the colon after the key, and the quotes on this line and the one before."
_SIGNS = "Put the value in quotes: it begins with a sign that YAML keeps for itself."
_ESCAPES = "In double quotes a backslash begins an escape: use single quotes, or / in a path."
_INVISIBLE = "An invisible character stands on this line: delete the spaces and type them anew."
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
#: `label: Stage: ours`: a second colon in a value without quotes.
_TWO_COLONS = re.compile(r"\s*(- )?[^\s:'\"#{\[][^:'\"#]*:\s+[^\s'\"{\[#][^#]*:(\s|$)")


class SyntaxFault(NamedTuple):
    """Line and column from 1; the sentence has neither a capital letter nor a full stop."""

    place: tuple[int, int]
    message: str
    cure: str


def syntax_fault(error: YAMLError, text: str) -> SyntaxFault:
    """Where the fault is, which is not always where the parser noticed it, and what to do."""
    if isinstance(error, ReaderError):
        return _unprintable(text, int(error.position))
    if not isinstance(error, MarkedYAMLError):
        return SyntaxFault((1, 1), str(error).splitlines()[0], "Save it as plain UTF-8 text.")
    said, mark = str(error.problem or error.context), error.problem_mark or error.context_mark
    opened = _cut_short(said, text) or _opened(said, mark, error.context_mark)
    found = opened or SyntaxFault(_place(mark), said, _cure(said, mark, text))
    return found._replace(cure=_INVISIBLE) if _hides(text, found.place[0]) else found


def invisible(char: str) -> bool:
    """Whether people do not see this character, or take it for a space."""
    return not char.isprintable() and char not in "\t\n\r"


def joined(text: str) -> str:
    r"""The text with each pair of escapes as JSON writes them (`\ud83d\ude00`) made the one that they are."""
    if not _PAIR.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def visible(text: str) -> str:
    """The text with what nobody sees written as `<U+00A0>`."""
    return "".join(f"<U+{ord(char):04X}>" if invisible(char) else char for char in text)


def _unprintable(text: str, at: int) -> SyntaxFault:
    line = text.count("\n", 0, at) + 1
    place = (line, at - (text.rfind("\n", 0, at) + 1) + 1)
    said = f"the control character U+{ord(text[at]):04X} stands here" if at < len(text) else "it ends early"
    return SyntaxFault(place, said, "Delete it; save the file as plain UTF-8 text.")


def _cut_short(said: str, text: str) -> SyntaxFault | None:
    """The file ends where a list or table that stands in brackets would go on."""
    at = max(text.rfind("["), text.rfind("{"))
    if "node content" not in said or "stream end" not in said or at < 0:
        return None
    place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return SyntaxFault(place, "the bracket that is opened here is not closed", "Close it.")


def _opened(said: str, mark: StringMark | None, opened: StringMark | None) -> SyntaxFault | None:
    """Noticed on a later line than it is: a quote or bracket that is not closed, a key without its colon."""
    if opened is None or mark is None or mark.line == opened.line:
        return None
    place = _place(opened)
    if "end of stream" in said:
        return SyntaxFault(
            place, "the quote that is opened here is not closed", "Close it with the same sign."
        )
    if said.startswith(("expected ',' or", "did not find expected ',' or")):
        return SyntaxFault(place, "the bracket that is opened here is not closed", "Close it.")
    if "could not find expected ':'" in said:
        cure = "Write `key: value`, with a colon and a space after it."
        return SyntaxFault(place, "a key stands here without its colon", cure)
    return None


def _cure(said: str, mark: StringMark | None, text: str) -> str:
    """What most often causes such a complaint."""
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\\t" in said:
        inside = bool(mark and line[: mark.column].strip())
        return "Write a space instead of the tab." if inside else "Indent with spaces, not with tabs."
    if "cannot start any token" in said:
        return _SIGNS
    if "escape" in said:
        return _ESCAPES
    if "mapping values" in said and _TWO_COLONS.match(line):
        return "Put the value in quotes: it has a colon in it."
    return _GENERAL


def _hides(text: str, line: int) -> bool:
    lines = text.split("\n")
    return line <= len(lines) and any(map(invisible, lines[line - 1]))


def _place(mark: StringMark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
