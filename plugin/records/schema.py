"""The tables of the store, every one keyed by portal. Migrations in `migrations/` build exactly these.

Moments are whole milliseconds since 1970 UTC; days are ISO dates; bodies are JSON text. Only mapped
properties and our own outputs are ever stored.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"},
)

# SQLite counts rows only in a column of type INTEGER
RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Day = sa.Date


def _portal() -> sa.Column[int]:
    return sa.Column("portal_id", sa.BigInteger, primary_key=True, autoincrement=False)


def _record() -> list[sa.Column[object]]:
    return [
        _portal(),  # type: ignore[list-item]
        sa.Column("object_type", sa.String(16), primary_key=True),
        sa.Column("object_id", sa.BigInteger, primary_key=True, autoincrement=False),
    ]


def _work() -> list[sa.Column[object]]:
    """Columns of a row that waits for a worker: `seq` moves whenever it is marked again."""
    return [
        *_record(),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),  # since when it waits
        sa.Column("ready_at", sa.BigInteger, nullable=False),  # from when it may be claimed
        sa.Column("claim", sa.String(64)),
        sa.Column("claimed_until", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("tries", sa.SmallInteger, nullable=False, server_default="0"),
    ]


portals = sa.Table(
    "portals",
    metadata,
    _portal(),
    sa.Column("mode", sa.String(8), nullable=False),  # observe, live, paused, gone
    sa.Column("share", sa.SmallInteger, nullable=False),  # percent of customers that may be written
    sa.Column("time_zone", sa.String(64), nullable=False),
    sa.Column("currency", sa.String(8), nullable=False),
    sa.Column("ui_domain", sa.String(255), nullable=False),
    sa.Column("parameters_version", sa.Integer),  # null: nothing has been read completely yet
    sa.Column("config_version", sa.String(32)),
    sa.Column("last_incremental", sa.BigInteger),
    sa.Column("last_full", sa.BigInteger),
    sa.Column("list_id", sa.String(32)),  # only members of this list of the CRM are written; null: everyone
)

audience = sa.Table("audience", metadata, *_record())  # the members of that list, as last read

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    sa.Column("portal_id", sa.BigInteger, nullable=False),  # 0: several, or none that can be read
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

seen = sa.Table(
    "seen",
    metadata,
    _portal(),
    sa.Column("key", sa.LargeBinary(16), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
)

marks = sa.Table("marks", metadata, *_work(), sa.Column("associations", sa.SmallInteger, nullable=False))
sa.Index("ix_marks_ready", marks.c.portal_id, marks.c.priority, marks.c.ready_at)

dirty = sa.Table("dirty", metadata, *_work())
sa.Index("ix_dirty_ready", dirty.c.portal_id, dirty.c.priority, dirty.c.ready_at)

mirror = sa.Table(
    "mirror",
    metadata,
    *_record(),
    sa.Column("properties", sa.Text, nullable=False),
    sa.Column("outputs", sa.Text, nullable=False),  # our properties as they stand in the CRM
    sa.Column("ours", sa.Text, nullable=False),  # the values that we wrote last
    sa.Column("modified_at", sa.BigInteger, nullable=False),  # the CRM's stamp: older never beats newer
    sa.Column("read_at", sa.BigInteger, nullable=False),
    sa.Column("associations_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("deleted_at", sa.BigInteger),
)

history = sa.Table(
    "history",
    metadata,
    *_record(),
    sa.Column("property", sa.String(100), primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

associations = sa.Table(
    "associations",
    metadata,
    _portal(),
    sa.Column("from_type", sa.String(16), primary_key=True),
    sa.Column("from_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("to_type", sa.String(16), primary_key=True),
    sa.Column("to_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("is_primary", sa.SmallInteger, nullable=False, server_default="0"),
)
sa.Index(
    "ix_associations_back",
    associations.c.portal_id,
    associations.c.to_type,
    associations.c.to_id,
    associations.c.from_type,
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    *_record(),
    sa.Column("day", Day, nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    sa.Column("since", Day),
    sa.Column("risk_level", sa.String(16)),
    sa.Column("next_moment", Day),
    sa.Column("body", sa.Text, nullable=False),  # the outcome as `evaluate` prints it
    sa.Column("parameters_version", sa.Integer, nullable=False),
    sa.Column("config_version", sa.String(32), nullable=False),
    sa.Column("evaluated_at", sa.BigInteger, nullable=False),
    sa.Column("bucket", sa.SmallInteger, nullable=False),  # 0-99, fixed by the id: which share it is in
    sa.Column("write_state", sa.SmallInteger, nullable=False),  # 0 equal, 1 differs, 2 differs and is parked
)
sa.Index("ix_outcomes_next_moment", outcomes.c.portal_id, outcomes.c.next_moment)
sa.Index("ix_outcomes_write_state", outcomes.c.portal_id, outcomes.c.write_state)
sa.Index("ix_outcomes_stage", outcomes.c.portal_id, outcomes.c.stage)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    sa.Column("portal_id", sa.BigInteger, nullable=False),
    sa.Column("object_type", sa.String(16), nullable=False),
    sa.Column("object_id", sa.BigInteger, nullable=False),
    sa.Column("model", sa.String(64), nullable=False),
    sa.Column("from_stage", sa.String(64)),
    sa.Column("to_stage", sa.String(64), nullable=False),
    sa.Column("on_day", Day),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("parameters_version", sa.Integer, nullable=False),
    sa.Column("config_version", sa.String(32), nullable=False),
)
sa.Index("ix_changes_customer", changes.c.portal_id, changes.c.object_type, changes.c.object_id)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    sa.Column("portal_id", sa.BigInteger, nullable=False),
    sa.Column("object_type", sa.String(16), nullable=False),
    sa.Column("object_id", sa.BigInteger, nullable=False),
    sa.Column("change_set", sa.String(40), nullable=False),
    sa.Column("old", sa.Text, nullable=False),
    sa.Column("new", sa.Text, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # intended, confirmed, refused, not_written
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("parameters_version", sa.Integer, nullable=False),
    sa.Column("config_version", sa.String(32), nullable=False),
)
sa.Index("ix_ledger_record", ledger.c.portal_id, ledger.c.object_type, ledger.c.object_id)
sa.Index("ix_ledger_state", ledger.c.portal_id, ledger.c.state)
sa.Index("ix_ledger_change_set", ledger.c.portal_id, ledger.c.change_set)
sa.Index("ix_ledger_made_at", ledger.c.portal_id, ledger.c.made_at)

parameters = sa.Table(
    "parameters",
    metadata,
    _portal(),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("adopted_at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

tasks = sa.Table(
    "tasks",
    metadata,
    *_record(),
    sa.Column("stage", sa.String(64), primary_key=True),
    sa.Column("entered_on", Day, primary_key=True),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # intended, made, refused
)

parked = sa.Table(
    "parked",
    metadata,
    *_record(),
    sa.Column("work", sa.String(8), primary_key=True),  # read, evaluate, write
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("cure", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("config_version", sa.String(32), nullable=False),
)

refused_properties = sa.Table(
    "refused_properties",
    metadata,
    _portal(),
    sa.Column("object_type", sa.String(16), primary_key=True),
    sa.Column("property", sa.String(100), primary_key=True),  # its name in the CRM
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("cure", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("config_version", sa.String(32), nullable=False),
)

accounts = sa.Table(  # portals in which the app was installed by OAuth
    "accounts",
    metadata,
    _portal(),
    sa.Column("state", sa.String(12), nullable=False),  # installing, loading, installed, failed, gone
    sa.Column(
        "grant_number", sa.Integer, nullable=False
    ),  # counts authorisations: an old refusal hits no new one
    sa.Column("access_token", sa.Text),  # sealed; null once the app is gone
    sa.Column("refresh_token", sa.Text),  # sealed
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("refreshed_at", sa.BigInteger, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("domain", sa.String(255), nullable=False),
    sa.Column("installed_at", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.SmallInteger, nullable=False, server_default="0"),  # of the installation job
    sa.Column("ready_at", sa.BigInteger, nullable=False),  # from when that job may run
    sa.Column("report", sa.Text, nullable=False),  # what the installation made, or its fault and cure
)

authorisations = sa.Table(  # codes and states that came back to us: each works once
    "authorisations",
    metadata,
    _portal(),  # 0 until HubSpot has said whose it is
    sa.Column("state", sa.String(64), primary_key=True),  # its hash
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
)

departures = sa.Table(  # portals whose app was taken out: their data waits to be purged
    "departures",
    metadata,
    _portal(),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("mode", sa.String(8), nullable=False),  # the portal's mode before
)

watermarks = sa.Table(
    "watermarks",
    metadata,
    _portal(),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

counters = sa.Table(
    "counters",
    metadata,
    _portal(),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

contributions = sa.Table(  # what each customer adds to the portfolio's figures
    "contributions",
    metadata,
    *_record(),
    sa.Column("body", sa.Text, nullable=False),
)

cells = sa.Table(  # the portfolio's figures: sums of contributions, moved by differences
    "cells",
    metadata,
    _portal(),
    sa.Column("object_type", sa.String(16), primary_key=True),
    sa.Column("dimension", sa.String(16), primary_key=True),  # all, channel, segment, cohort
    sa.Column("member", sa.String(255), primary_key=True),  # which channel, segment or cohort
    sa.Column("measure", sa.String(32), primary_key=True),
    sa.Column("month", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("detail", sa.String(140), primary_key=True),
    sa.Column("bin", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("value", sa.BigInteger, nullable=False),
)

spend = sa.Table(  # what the admin says was spent, by month (counted from January 1970) and channel
    "spend",
    metadata,
    _portal(),
    sa.Column("month", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(255), primary_key=True),
    sa.Column("cents", sa.BigInteger, nullable=False),
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    _portal(),
    sa.Column("digest", sa.LargeBinary(16), primary_key=True),  # keyed: who it is cannot be read from it
    sa.Column("key_mark", sa.String(8), nullable=False),  # which key it was made with
    sa.Column("at", sa.BigInteger, nullable=False),
)

merged = sa.Table("merged", metadata, *_record(), sa.Column("into_id", sa.BigInteger, nullable=False))
sa.Index("ix_merged_into", merged.c.portal_id, merged.c.object_type, merged.c.into_id)

#: erased a moment ago: emptied again until nothing that was under way then can still write
erasing = sa.Table("erasing", metadata, *_record(), sa.Column("until", sa.BigInteger, nullable=False))

config_versions = sa.Table(
    "config_versions",
    metadata,
    _portal(),  # 0: every portal that has none of its own
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # the highest is in force
    sa.Column("digest", sa.String(64), nullable=False),  # of the bytes below
    sa.Column("name", sa.Text, nullable=False),  # of the file it came from
    sa.Column("body", sa.LargeBinary),  # the file, byte for byte; null: the portal goes with the others again
    sa.Column("rules", sa.Text, nullable=False),  # JSON: rule files by their name in the file
    sa.Column("source", sa.String(16), nullable=False),  # default, file, command, api, rollback
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
