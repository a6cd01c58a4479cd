"""How far imports have come, and what they found wrong. Next: clew_lifecycle.imports.run.run_import."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, Uuid

from clew_lifecycle.store.columns import (
    created_column,
    id_column,
    json_column,
    key_to,
    metadata,
    text_column,
    time_column,
)

# One run over one file; its id is the `batch_id` of all that comes of it. The first `lines` lines of the file are
# dealt with; `digest` is their SHA-256, by which a second run knows the file again.
import_job = Table(
    "import_job",
    metadata,
    id_column(),
    text_column("kind"),
    text_column("source"),
    text_column("path"),
    text_column("initial"),
    Column("lines", BigInteger, nullable=False, server_default="0"),
    text_column("digest", default=""),
    json_column("counts"),
    created_column("started_at"),
    # When the whole file had been read; what it means for companies may still be pending.
    time_column("read_at"),
    time_column("finished_at"),
    CheckConstraint("kind IN ('orders', 'deals', 'companies', 'contacts')", name="import_job_kind"),
    CheckConstraint("initial IN ('history', 'replay')", name="import_job_initial"),
    Index("import_job_file", "kind", "source", "path", "started_at"),
)

# What is to be said of a row of the file; it is written out beside the file at the end.
import_finding = Table(
    "import_finding",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    key_to("job_id", "import_job", nullable=False),
    text_column("level"),
    Column("line", Integer, nullable=False),
    text_column("column"),
    text_column("code"),
    text_column("message"),
    # The fields as the file has them.
    json_column("fields"),
    CheckConstraint("level IN ('error', 'warning')", name="import_finding_level"),
    Index("import_finding_job", "job_id", "line", "position"),
)

# Companies whose stage is still to be worked out from what the job brought, the earliest of it at `since`. There is no
# reference to `company`: whoever merges companies need not look here.
import_pending = Table(
    "import_pending",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("company_id", Uuid, primary_key=True),
    time_column("since", nullable=False),
)

# What another system calls a deal.
deal_external = Table(
    "deal_external",
    metadata,
    Column("source", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("deal_id", Uuid, nullable=False),
)
