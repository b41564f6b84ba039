"""Keyed tombstones of erased people, what merged records became, and erasures that are not settled yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tombstones",
        sa.Column("portal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key_mark", sa.String(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "digest", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "merged",
        sa.Column("portal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_type", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "object_type", "object_id", name=op.f("pk_merged")),
    )
    op.create_index(op.f("ix_merged_into"), "merged", ["portal_id", "object_type", "into_id"])
    op.create_table(
        "erasing",
        sa.Column("portal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_type", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "object_type", "object_id", name=op.f("pk_erasing")),
    )


def downgrade() -> None:
    op.drop_table("erasing")
    op.drop_index(op.f("ix_merged_into"), table_name="merged")
    op.drop_table("merged")
    op.drop_table("tombstones")
