"""Writing to a list only, properties that the CRM refuses, and the ledger by change set and time."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portals", sa.Column("list_id", sa.String(length=32), nullable=True))
    op.create_table(
        "audience",
        sa.Column("portal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_type", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "object_type", "object_id", name=op.f("pk_audience")),
    )
    op.create_table(
        "refused_properties",
        sa.Column("portal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_type", sa.String(length=16), nullable=False),
        sa.Column("property", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cure", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("config_version", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "object_type", "property", name=op.f("pk_refused_properties")),
    )
    op.create_index("ix_ledger_change_set", "ledger", ["portal_id", "change_set"], unique=False)
    op.create_index("ix_ledger_made_at", "ledger", ["portal_id", "made_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_ledger_made_at", table_name="ledger")
    op.drop_index("ix_ledger_change_set", table_name="ledger")
    op.drop_table("refused_properties")
    op.drop_table("audience")
    op.drop_column("portals", "list_id")
