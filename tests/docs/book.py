"""Reads a page of the documentation as sections of blocks, and runs them as a reader would type them.

A block whose line above ends in "`name`:" is a file of that name. Shell lines run one by one; a `text` block
right behind them says what their output holds.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

import plugin.cli.cases  # noqa: F401 - pytester forgets modules that are first imported in a run of its own
from plugin.cli import cli
from plugin.cli.sandbox import make_world
from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([\w./-]+)`:$")
LIMITLESS = 1_000_000


@dataclass
class Block:
    """One fenced block; `answers` is true of a text right behind a block of commands."""

    language: str
    text: str
    name: str | None = None
    answers: bool = False


def sections(page: Path) -> dict[str, list[Block]]:
    """The blocks under each heading of a page."""
    parts = re.split(r"^## (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title: blocks(body) for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def blocks(body: str) -> list[Block]:
    """The blocks of a text, in order."""
    found: list[Block] = []
    last = 0
    for match in _FENCE.finditer(body):
        between = body[last : match.start()].strip()
        named = _NAMED.search(between.splitlines()[-1]) if between else None
        answers = not between and bool(found) and found[-1].language == "sh" and match[1] == "text"
        found.append(Block(match[1], match[2], named[1] if named else None, answers))
        last = match.end()
    return found


class Reader:
    """Types what a section says, in a folder of its own."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
        self.pytester, self.monkeypatch = pytester, monkeypatch
        self.folder = pytester.path
        self.said = ""
        self.sandbox: SandboxServer | None = None
        (self.folder / "tests").symlink_to(ROOT / "tests")
        for name in ("LIFECYCLE_CONFIG", "DATABASE_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DATA_DIR", str(self.folder / "var"))
        monkeypatch.setenv("REDIS_URL", redis_url)
        monkeypatch.setenv("HUBSPOT_BURST_LIMIT", "10000")
        monkeypatch.setenv("COLUMNS", "200")

    def close(self) -> None:
        """Stop what was started."""
        if self.sandbox is not None:
            self.sandbox.stop()

    def read(self, section: list[Block]) -> None:
        """Write the section's files, run its commands, compare what they say; check what it maps."""
        for number, block in enumerate(section):
            if block.language == "sh":
                self.said = "\n".join(self._run(line) for line in commands(block.text))
            elif block.answers:
                self._compare(block.text)
            elif block.name or block.language == "yaml":
                self._write(block, number)
        for file in sorted(self.folder.glob("*.yaml")):
            if re.search(r"^version: 1$", file.read_text(), re.MULTILINE):
                self._lifecycle(["config", "check", file.name])

    def _write(self, block: Block, number: int) -> None:
        file = self.folder / (block.name or f"block{number}.yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")

    def _compare(self, text: str) -> None:
        plain = re.sub(r"[\s│┃]+", " ", self.said)
        for line in text.splitlines():
            assert re.sub(r"\s+", " ", line).strip() in plain, (line, self.said)

    def _run(self, line: str) -> str:
        words = shlex.split(line, comments=True)
        if words[0] == "export":
            self._export(words[1:])
            return ""
        if words[:2] == ["lifecycle", "sandbox"]:
            return self._serve(words[words.index("--world") + 1])
        if words[0] == "lifecycle":
            return self._lifecycle(words[1:])
        if words[:3] == ["python", "-m", "pytest"]:
            return self.pytester.runpytest_inprocess(
                "-p", "plugin.testing.pytest_plugin", *words[3:]
            ).stdout.str()
        if words[:4] == ["python", "-m", "pip", "install"]:
            # a folder is installed as an installer would; anything else must be here, as after the line
            return (
                self._install(self.folder / words[4])
                if "/" in words[4]
                else " ".join(map(version, words[4:]))
            )
        assert words[0] == "sed", f"the tests do not know how to run: {line}"
        subprocess.run(words, cwd=self.folder, check=True)
        return ""

    def _export(self, pairs: list[str]) -> None:
        for pair in pairs:
            name, _, value = pair.partition("=")
            value = value.replace("$PWD", str(self.folder))
            if name == "HUBSPOT_API_URL" and self.sandbox is not None:
                value = self.sandbox.url  # the page's port may be taken here
            self.monkeypatch.setenv(name, value)

    def _serve(self, world: str) -> str:
        portal = Portal(burst_limit=LIMITLESS, daily_limit=LIMITLESS, search_limit=LIMITLESS)
        self.sandbox = SandboxServer(world=make_world(world), portal=portal, token="sandbox-token").start()
        return ""

    def _lifecycle(self, words: list[str]) -> str:
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, (words, done.output, done.exception)
        return str(done.output)

    def _install(self, package: Path) -> str:
        """What an installer leaves behind: the module on the path, and its entry points beside it."""
        import tomllib

        project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
        info = package / f"{project['name']}-{project['version']}.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(head)
        groups = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
            for group, points in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(groups))
        self.monkeypatch.syspath_prepend(package)
        return ""


def commands(text: str) -> list[str]:
    """The lines of a shell block that do something."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


__all__ = ["ROOT", "Block", "Reader", "blocks", "commands", "sections"]
