"""Settings: every fault at once with its cure, secrets from files and never shown, no usable defaults."""

from __future__ import annotations

import fcntl
import stat
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from plugin.errors import ConfigError
from plugin.records.store import Store
from plugin.settings import NAMES, Settings, generated_secret, load, offline_clock


def test_without_any_setting_the_defaults_of_the_documentation_hold() -> None:
    """Embedded store in ./var, port 8000, the real CRM."""
    found = load({})
    assert (found.port, found.public_url) == (8000, "http://localhost:8000")
    assert found.database_url == f"sqlite:///{Path('var').absolute() / 'lifecycle.db'}"
    assert (found.api_url, found.redis_url, found.burst_limit) == ("https://api.hubapi.com", None, 100)


def test_every_fault_is_named_in_one_message() -> None:
    """Nobody wants to correct a file four times."""
    wrong = {
        "PORT": "0",
        "PUBLIC_URL": "example.com",
        "DATABASE_URL": "mysql://x",
        "HUBSPOT_BURST_LIMIT": "-1",
        "HUBSPOT_SHARE": "120",
        "LIFECYCLE_CONFIG": "/no/such/file.yaml",
        "HUBSPOT_CLIENT_SECRET_FILE": "/no/such/secret",
    }
    with pytest.raises(ConfigError) as caught:
        load(wrong)
    assert "7 setting(s)" in str(caught.value)
    assert all(name in str(caught.value) for name in wrong)


def test_what_is_missing_is_asked_for_with_its_cure() -> None:
    """No secret has a default."""
    with pytest.raises(ConfigError, match=r"HUBSPOT_ACCESS_TOKEN[\s\S]*HUBSPOT_CLIENT_SECRET"):
        load({}).require("HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_SECRET")


def test_what_is_wrong_and_what_is_missing_are_told_together(tmp_path: Path) -> None:
    """Each once, with its cure: also what a switched-on feature needs."""
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    given = {
        "PORT": "abc",
        "HUBSPOT_JOURNAL": "on",
        "HUBSPOT_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
    }
    with pytest.raises(ConfigError) as caught:
        load(given, required=("HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_SECRET"))
    said = [line.split()[1].strip(":") for line in str(caught.value).splitlines() if line.startswith("  - ")]
    wanted = {"PORT", "HUBSPOT_CLIENT_SECRET_FILE", "HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_ID"}
    assert (set(said), len(said)) == (wanted, 4)


def test_a_folder_that_cannot_be_written_is_named_with_its_cure(tmp_path: Path) -> None:
    """By whichever command comes first: the secrets' and the store's."""
    (tmp_path / "file").write_text("no folder")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="DATA_DIR"):
            generated_secret(place, "ADMIN_TOKEN", print)
    with pytest.raises(ConfigError, match="DATA_DIR"):
        Store(f"sqlite:///{tmp_path / 'file' / 'below' / 'x.db'}").migrate()


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """As orchestrators mount them; what stands in the environment wins."""
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert load({"HUBSPOT_ACCESS_TOKEN_FILE": str(file)}).access_token == "from-file"
    both = {"HUBSPOT_ACCESS_TOKEN_FILE": str(file), "HUBSPOT_ACCESS_TOKEN": "direct"}
    assert load(both).access_token == "direct"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    """A traceback or a log line gives nothing away."""
    env = {
        "HUBSPOT_ACCESS_TOKEN": "sesame-1",
        "HUBSPOT_CLIENT_SECRET": "sesame-2",
        "ADMIN_TOKEN": "sesame-3",
        "DATABASE_URL": "postgresql://me:sesame-4@db/x",
        "REDIS_URL": "redis://:sesame-5@queue",
    }
    assert "sesame" not in repr(load(env))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_address_of_any_spelling_is_understood(scheme: str) -> None:
    """Fly and Heroku write postgres://."""
    assert load({"DATABASE_URL": f"{scheme}://u@h/n"}).database_url == "postgresql+psycopg://u@h/n"


@pytest.mark.parametrize(
    ("api", "honoured"),
    [("http://127.0.0.1:9", True), ("http://localhost:9", True), ("https://api.hubapi.com", False)],
)
def test_the_clock_is_moved_only_beside_a_crm_on_this_machine(api: str, honoured: bool) -> None:
    """Nobody can shift a production clock by a forgotten variable."""
    env = {"HUBSPOT_API_URL": api, "LIFECYCLE_CLOCK_FILE": "/tmp/offset"}
    if honoured:
        assert load(env).clock_file == offline_clock(env) == Path("/tmp/offset")
        return
    assert offline_clock(env) is None
    with pytest.raises(ConfigError, match="LIFECYCLE_CLOCK_FILE"):
        load(env)


def test_a_generated_secret_is_shown_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """The second start finds it and says nothing."""
    shown: list[str] = []
    first = generated_secret(tmp_path, "ADMIN_TOKEN", shown.append)
    assert generated_secret(tmp_path, "ADMIN_TOKEN", shown.append) == first
    assert shown == [first]
    assert stat.S_IMODE((tmp_path / "admin_token").stat().st_mode) == 0o600


def test_a_secret_that_another_process_is_writing_is_waited_for(tmp_path: Path) -> None:
    """Of processes that start together none goes on with the empty file that another has just made."""
    (tmp_path / "secret_key").touch()
    with ThreadPoolExecutor(1) as pool, (tmp_path / "secret_key").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as the first of them does
        second = pool.submit(generated_secret, tmp_path, "SECRET_KEY", lambda _: None)
        wait([second], timeout=0.2)  # long enough for one that does not wait to come back with nothing
        file.write("made by the first")
        file.close()
        assert second.result() == "made by the first"


def test_a_secret_whose_writer_was_killed_is_made_anew(tmp_path: Path) -> None:
    """An empty key would let erased people come back, and an empty token would let nobody in."""
    (tmp_path / "secret_key").touch()
    made = generated_secret(tmp_path, "SECRET_KEY", lambda _: None)
    assert len(made) > 30
    assert generated_secret(tmp_path, "SECRET_KEY", lambda _: None) == made


def test_every_field_comes_from_a_named_variable() -> None:
    """The list that the documentation is held to is complete."""
    assert set(NAMES) >= {"DATA_DIR", "PORT", "HUBSPOT_ACCESS_TOKEN", "LIFECYCLE_CONFIG"}
    assert len(Settings.__dataclass_fields__) <= len(NAMES)


def test_a_share_without_a_limit_takes_what_the_account_allows() -> None:
    """A limit that was set is never passed."""
    assert (load({}).burst_limit, load({}).share) == (100, 1.0)
    assert (load({"HUBSPOT_SHARE": "60"}).burst_limit, load({"HUBSPOT_SHARE": "60"}).share) == (None, 0.6)
    assert load({"HUBSPOT_SHARE": "60", "HUBSPOT_BURST_LIMIT": "150"}).burst_limit == 150
