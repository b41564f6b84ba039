"""Packages as an installer leaves them: a module on the path, and its entry points beside it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str, facts: Mapping[str, str]
) -> Path:
    """Install a module of this code that offers derived facts (name → function); its file."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = "".join(f"{fact} = {name}:{function}\n" for fact, function in facts.items())
    (info / "entry_points.txt").write_text(f"[lifecycle.facts]\n{points}")
    module = folder / f"{name}.py"
    module.write_text(code)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return module
