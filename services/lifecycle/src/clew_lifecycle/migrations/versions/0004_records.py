"""What records need."""

from alembic import op

revision = "lifecycle_0004"
down_revision = "lifecycle_0003"
branch_labels = None
depends_on = None

# A deal that was deleted stands in no column.
_COUNT_WHAT_IS_THERE = (
    "DROP TRIGGER deal_changed ON lifecycle.deal",
    """
    CREATE OR REPLACE FUNCTION lifecycle.count_changed_deal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.deleted_at IS NULL THEN
            INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
            VALUES (OLD.stage_id, OLD.status, OLD.currency, -1, -coalesce(OLD.amount, 0));
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.deleted_at IS NULL THEN
            INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
            VALUES (NEW.stage_id, NEW.status, NEW.currency, 1, coalesce(NEW.amount, 0));
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER deal_changed AFTER UPDATE ON lifecycle.deal FOR EACH ROW
    WHEN ((OLD.stage_id, OLD.status, OLD.currency, OLD.amount, OLD.deleted_at IS NULL)
        IS DISTINCT FROM (NEW.stage_id, NEW.status, NEW.currency, NEW.amount, NEW.deleted_at IS NULL))
    EXECUTE FUNCTION lifecycle.count_changed_deal()
    """,
)


def upgrade() -> None:
    for statement in _COUNT_WHAT_IS_THERE:
        op.execute(statement)
