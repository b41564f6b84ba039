"""The admin guide's trial is run as written: three terminals, a person's browser, real processes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.docs.book import ROOT, sections
from tests.support.processes import die_with_parent, end
from tests.support.running import eventually, free_port

PAGE = sections(ROOT / "docs/admin.md")
TRIAL = "Trying it first"


class Terminals:
    """Shells in one folder, each with nothing but what the page has typed into it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.crm_port = folder, free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        command = folder / "bin" / "lifecycle"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m plugin "$@"\n')
        command.chmod(0o755)
        self.environment = {
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "PORT": str(self.port),
            "COLUMNS": "200",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def typed(self, text: str) -> str:
        """The page's lines with ports that are free here."""
        there = text.replace("localhost:8000", f"localhost:{self.port}").replace(":8100", f":{self.crm_port}")
        return there.replace("lifecycle sandbox ", f"lifecycle sandbox --port {self.crm_port} ")

    def start(self, text: str) -> None:
        """Type lines of which the last stays."""
        lines = self.typed(text).rstrip().splitlines()
        script = "\n".join(["set -e", *lines[:-1], f"exec {lines[-1]}"])
        with (self.folder / f"said{len(self.running)}").open("wb") as said:
            shell = subprocess.Popen(
                ["sh", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdout=said,
                stderr=said,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads of ours before it
            )
        self.running.append(shell)

    def run(self, text: str) -> str:
        """Type lines, and see them succeed."""
        done = subprocess.run(
            ["sh", "-e", "-c", self.typed(text)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    """Somebody who follows the page."""
    made = Terminals(tmp_path)
    yield made
    for process in reversed(made.running):
        end(process)


def answers(url: str) -> Callable[[], bool]:
    return lambda: requests.get(url, timeout=5).status_code < 500


@pytest.mark.slow
def test_the_trial_leads_from_nothing_to_a_live_portal_and_out_again(terminals: Terminals) -> None:
    """Every block, as written."""
    crm, product, further = (block.text for block in PAGE[TRIAL] if block.language == "sh")
    terminals.start(crm)
    eventually(answers(f"http://127.0.0.1:{terminals.crm_port}/"))
    terminals.start(product)
    eventually(answers(f"{terminals.url}/healthz"))
    with requests.Session() as person:
        person.trust_env = False
        asked = person.get(f"{terminals.url}/oauth/install", timeout=10)
        person.get(f"{asked.url}&approve=1&portal=4242", timeout=10)
        page = f"{terminals.url}/oauth/installed"
        eventually(lambda: "200 customers are being computed" in person.get(page, timeout=10).text)
    said = terminals.run(further)
    assert "4242  installed, observe" in said
    assert "The app is out of portal 4242" in said


def test_no_other_block_of_the_page_goes_unrun() -> None:
    """Whoever adds one gives it a test."""
    assert {title for title, found in PAGE.items() if found} == {TRIAL}
