"""The codes of errors and findings, collected from the code itself."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import plugin
from plugin.errors import LifecycleError
from tests.docs.book import ROOT


def error_classes() -> list[type[LifecycleError]]:
    """Every class of error that the product defines, the base first."""
    for module in pkgutil.walk_packages(plugin.__path__, "plugin."):
        if ".migrations" not in module.name and not module.name.startswith("plugin.__main__"):
            importlib.import_module(module.name)
    found: list[type[LifecycleError]] = [LifecycleError]
    for kind in found:  # grows while it is walked
        found += [sub for sub in kind.__subclasses__() if sub.__module__.startswith("plugin.")]
    found = [kind for kind in found if not kind.__module__.startswith("plugin.sandbox.")]
    return sorted({kind.code: kind for kind in reversed(found)}.values(), key=lambda kind: kind.code)


def finding_codes() -> dict[str, str]:
    """Code → message of every finding of the value room, read from its source."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "plugin/value").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= dict(_codes(node))
    return found


def _codes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The codes in `Finding("code", "message")`, and in the tables of them (`counts`, `faults`)."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and len(node.args) > 1:
        code, message = node.args[:2]
        if isinstance(code, ast.Constant):
            yield str(code.value), _message(message)
    listed = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("counts", "faults")
    table = node.value if listed and isinstance(node, ast.Assign) else None
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(value, ast.Tuple):
                yield str(key.value), _message(value.elts[1])


def _message(node: Any) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_message(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "see the message"


def record_problems() -> set[str]:
    """The problems that the reading of records counts, read from the lifecycle room's source."""
    files = sorted((ROOT / "plugin/lifecycle").glob("*.py"))
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    said = re.findall(r'"(not a [a-z0-9 ]+)"', text)
    return {*said, *re.findall(r'findings\.add\(\s*"deal", [\w.]+, "([a-z ,]+)"', text)}
