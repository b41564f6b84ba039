"""Who may import whom: the table of docs/architecture.md, held against every import in the package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plugin"
BASE = {"errors", "clock", "__init__"}
#: room → rooms it may import (its own always)
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "clock": {"errors"},
    "telemetry": set(),
    "vault": BASE,
    "mapping": BASE,
    "lifecycle": BASE - {"clock"} | {"mapping"},
    "value": BASE - {"clock"},
    "portfolio": BASE - {"clock"} | {"mapping", "lifecycle"},
    "hubspot": BASE,
    "records": BASE | {"mapping", "lifecycle"},
    "handlers": BASE | {"mapping", "hubspot", "records"},
    "sync": BASE | {"mapping", "lifecycle", "hubspot", "records"},
    "jobs": BASE
    | {"vault", "mapping", "lifecycle", "value", "portfolio", "hubspot", "records", "handlers", "sync"},
    "embedded": BASE,
    "supervisor": BASE,
    "settings": BASE | {"settings_reader"},
    "settings_reader": {"vault"},
    "extending": {"lifecycle"},
    "testing": BASE - {"clock"} | {"mapping", "lifecycle"},
    "sandbox": BASE | {"mapping", "records"},  # records: only the CSV reader, see below
}
EVERYTHING = {"cli", "web", "wiring", "tasks", "__main__", "__init__"}
#: what the pure rooms must never import, whoever wrote it
IMPURE = {"sqlalchemy", "requests", "flask", "redis", "rq", "os", "time", "socket", "urllib", "alembic"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, by its full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_its_row_allows(path: Path) -> None:
    """An import against the table is a wall with a hole in it."""
    room = room_of(path)
    if room in EVERYTHING:
        return
    used = {name.split(".")[1] for name in imported(path) if name.startswith("plugin.")}
    assert used - {room} <= ALLOWED[room], f"{room} may import {sorted(ALLOWED[room])}"


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if room_of(p) in {"lifecycle", "value", "portfolio"}],
    ids=lambda path: path.name,
)
def test_the_pure_rooms_know_no_clock_network_store_or_environment(path: Path) -> None:
    """Outcomes are a function of their inputs and nothing else."""
    assert not {name.split(".")[0] for name in imported(path)} & IMPURE


def test_only_the_clock_asks_the_time_and_only_settings_read_the_environment() -> None:
    """The sandbox is another program; the supervisor hands its own environment on."""
    for path in FILES:
        room, text = room_of(path), path.read_text()
        if room not in {"clock", "sandbox"}:
            assert "datetime.now(" not in text, path
            assert "time.time(" not in text, path
        if room not in {"settings", "cli"}:
            assert "os.environ" not in text, path


def test_the_product_does_not_know_the_sandbox() -> None:
    """Only commands do: what serves a portal cannot tell whether it talks to the real CRM."""
    for path in FILES:
        if room_of(path) not in {"sandbox", "cli"}:
            assert not any(name.startswith("plugin.sandbox") for name in imported(path)), path


def test_the_sandbox_takes_from_the_store_only_the_csv_reader() -> None:
    """It is a stand-in for another company's product."""
    for path in FILES:
        if room_of(path) == "sandbox":
            used = {n for n in imported(path) if n.startswith(("plugin.records", "plugin.mapping"))}
            assert all(n.startswith(("plugin.records.csv", "plugin.mapping")) for n in used), (path, used)


def test_only_the_client_opens_sockets_to_the_crm() -> None:
    """Every call passes the budget, because there is one way out."""
    for path in FILES:
        if room_of(path) in {"sandbox", "cli", "wiring"} or "client" in path.parts:
            continue
        assert not {n.split(".")[0] for n in imported(path)} & {"requests", "httpx", "urllib3"}, path
