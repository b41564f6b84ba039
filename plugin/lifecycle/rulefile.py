"""Rule files: YAML read so that every text knows where it stands, for messages with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from plugin.errors import ConfigError
from plugin.mapping.file_bytes import file_bytes
from plugin.mapping.positions import read_yaml
from plugin.mapping.yaml_faults import joined

#: What ships is read without asking whether it is plain YAML: tests hold it.
_SHIPPED = Path(__file__).parent
EMPTY = "the file is empty"


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in a rule file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class RuleError(ConfigError):
    """Rule files that are wrong as written; `problems` says where, one entry a fault."""

    code = "rules"
    default_cure = "Correct the named lines and run `lifecycle models check`."

    def __init__(self, problems: list[Problem], notes: Iterable[str] = ()) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join([*map(str, self.problems), *notes]) + "\n")


@dataclass(frozen=True)
class Text:
    """A text of a rule file that can say where each of its characters stands."""

    value: str
    file: str
    source: str
    begin: int

    def problem(self, message: str, offset: int = 0) -> Problem:
        """A problem at the character number `offset`."""
        at = self._position(offset)
        line = self.source.count("\n", 0, at) + 1
        return Problem(self.file, line, at - (self.source.rfind("\n", 0, at) + 1) + 1, message)

    def _position(self, offset: int) -> int:
        """Follow the value through its source: indentation, quotes and folded lines are passed over."""
        at = self._skip_header()
        for char in self.value[:offset]:
            at = self._find(char, at) + (0 if char.isspace() else 1)
        if offset < len(self.value) and not self.value[offset].isspace():
            at = self._find(self.value[offset], at)
        return min(at, len(self.source))

    def _find(self, char: str, at: int) -> int:
        if char.isspace():
            while at < len(self.source) and self.source[at].isspace():
                at += 1
            return at
        found = self.source.find(char, at)
        return at if found < 0 else found

    def _skip_header(self) -> int:
        at = self.begin
        if self.source[at : at + 1] in ("|", ">"):  # a block scalar begins on the next line
            return self.source.find("\n", at) + 1
        return at + (1 if self.source[at : at + 1] in ("'", '"') else 0)


class Item:
    """A node of a rule file: asks for what it needs and notes what is missing, wrong or unknown."""

    def __init__(self, node: Node, file: str, source: str, problems: list[Problem]) -> None:
        self.node, self.file, self.source, self.problems = node, file, source, problems

    def _item(self, node: Node) -> Item:
        return Item(node, self.file, self.source, self.problems)

    def complain(self, message: str) -> None:
        """Note a problem at this node."""
        mark = self.node.start_mark
        self.problems.append(Problem(self.file, mark.line + 1, mark.column + 1, message))

    def fields(self, allowed: tuple[str, ...] = ()) -> dict[str, Item]:
        """The entries of a mapping; with `allowed`, every other key is a problem."""
        found: dict[str, Item] = {}
        for key, value in self.pairs():
            if allowed and key.text().value not in allowed:
                key.complain(f"unknown key '{key.text().value}'; known here: {', '.join(allowed)}")
            elif key.text().value in found:
                key.complain(f"'{key.text().value}' stands here twice")
            else:
                found[key.text().value] = value
        return found

    def names_beside(self, known: Collection[str]) -> set[str]:
        """Every word below the keys that are not known: what stands under a misspelt one is not read."""
        pairs = self.node.value if isinstance(self.node, MappingNode) else ()
        parts = [
            self.source[v.start_mark.index : v.end_mark.index] for k, v in pairs if str(k.value) not in known
        ]
        return set(re.findall(r"\w+", " ".join(parts)))

    def pairs(self) -> Iterator[tuple[Item, Item]]:
        """Key and value of each entry, in order."""
        if not isinstance(self.node, MappingNode):
            self.complain("expected a mapping (key: value)")
            return
        for key, value in self.node.value:
            yield self._item(key), self._item(value)

    def items(self) -> Iterator[Item]:
        """The entries of a list, in order."""
        if not isinstance(self.node, SequenceNode):
            self.complain("expected a list")
            return
        for value in self.node.value:
            yield self._item(value)

    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.node, MappingNode)

    def text(self) -> Text:
        """The scalar as text; "" with a problem where it is none."""
        value = joined(str(self.node.value)) if isinstance(self.node, ScalarNode) else ""
        if not isinstance(self.node, ScalarNode):
            self.complain("expected a text")
        begin = self.node.start_mark.index
        if value == "" and self.source[begin : begin + 1] not in ("'", '"'):
            begin = len(self.source[:begin].rstrip())  # an empty value stands after its key
        return Text(value, self.file, self.source, begin)

    def truth(self) -> bool:
        """The scalar as true or false; false with a problem where it is neither."""
        value = self.text().value
        if value.lower() not in ("true", "false"):
            self.complain(f"expected true or false, not '{value}'")
        return value.lower() == "true"

    def whole(self) -> int:
        """The scalar as a whole number; 0 with a problem where it is none."""
        try:
            return int(self.text().value)
        except ValueError:
            self.complain("expected a whole number")
            return 0


def open_rule_file(path: Path, problems: list[Problem]) -> Item | None:
    """The top of a rule file; None, with problems noted, where it cannot be read."""
    try:
        raw = file_bytes(path)
    except OSError as error:
        problems.append(Problem(str(path), 1, 1, f"cannot be read: {error.strerror}"))
        return None
    if not path.is_relative_to(_SHIPPED) and not _is_plain(raw, str(path), problems):
        return None
    source = re.sub("\r\n?", "\n", raw.decode("utf-8-sig"))
    node = YAML(typ="safe", pure=True).compose(source)
    if node is None:
        problems.append(Problem(str(path), 1, 1, EMPTY))
        return None
    return Item(node, str(path), source, problems)


def _is_plain(raw: bytes, file: str, problems: list[Problem]) -> bool:
    """Whether these bytes are YAML of bounded size and depth; faults, every alias and every tag are noted."""
    document = read_yaml(raw)
    # what stands twice is told with what else is wrong in its section
    faults = [one for one in document.faults if not one.message.endswith("stands here twice.")]
    problems += [Problem(file, f.line, f.column, _lowered(f"{f.message} {f.cure}")) for f in faults]
    return document.complete


def _lowered(said: str) -> str:
    """A sentence in the manner of the other problems of rule files."""
    said = said.replace("This is not YAML", "not YAML").rstrip(".")
    return said[0].lower() + said[1:]
