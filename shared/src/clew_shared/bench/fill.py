"""A past for lifecycle's tables: as many companies and deals as asked for, with all that grows beside them.

Next: clew_shared.bench.million.measure_million.
"""

from hashlib import md5
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

TABLES = (
    *("company", "contact", "contact_point", "deal", "deal_log", "lifecycle_log", "activity", "message_ref"),
    "stage_total",
)


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", rows: int) -> None:
    """Make `rows` companies, each with a contact, its address, a deal and their logs and entries, in seeded tables.

    Indexes are made anew behind the rows, and triggers sleep, as in a restored backup: so that a million take minutes.
    The oldest deal is two years old; what is open, won or lost is spread evenly over time.
    """
    await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
    await connection.execute("SET synchronous_commit = off")
    indexes = await connection.fetch(_INDEXES, list(TABLES))
    for index in indexes:
        await connection.execute(f'DROP INDEX lifecycle."{index["name"]}"')
    for statement in (_SOURCE, _PLACES, _COMPANIES, _CONTACTS, _POINTS, _DEALS, *_LOGS, *_ENTRIES, _TOTALS):
        await connection.execute(statement.replace("{rows}", str(rows)))
    for index in indexes:
        await connection.execute(index["made_by"])
    await connection.execute("DROP TABLE bench_place")
    await connection.execute("RESET session_replication_role; RESET maintenance_work_mem; RESET synchronous_commit")
    for table in TABLES:
        await connection.execute(f"VACUUM ANALYZE lifecycle.{table}")


def company_id(number: int) -> str:
    return f"01940000-0000-7000-8000-{number:012x}"


def contact_id(number: int) -> str:
    return f"01940000-0000-7000-9000-{number:012x}"


def contact_name(number: int) -> str:
    """Names differ as people's do: a search for one leads to one."""
    letters = md5(str(number).encode(), usedforsecurity=False).hexdigest()
    return f"{letters[:7]} {letters[7:14]}"


def deal_id(number: int) -> str:
    return f"01940000-0000-7000-a000-{number:012x}"


_INDEXES = """
    SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made_by
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relnamespace = 'lifecycle'::regnamespace AND t.relname = ANY($1::text[])
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
    """

_SOURCE = """
    INSERT INTO lifecycle.source (id, key) VALUES (gen_random_uuid(), 'form:contact') ON CONFLICT DO NOTHING
    """

# Of a hundred deals, which stand where.
_PLACES = """
    CREATE TEMPORARY TABLE bench_place AS
    SELECT slot, s.id AS stage_id, st.id AS step_id, s.pipeline_id, s.key, s.category,
        CASE s.category WHEN 'archived' THEN 'abandoned' ELSE s.category END AS status
    FROM generate_series(0, 99) AS slot
    JOIN lifecycle.stage s ON s.key = CASE WHEN slot < 15 THEN 'new' WHEN slot < 23 THEN 'qualified'
        WHEN slot < 27 THEN 'proposal' WHEN slot < 30 THEN 'negotiation' WHEN slot < 65 THEN 'won'
        WHEN slot < 95 THEN 'lost' ELSE 'archived' END
    JOIN lifecycle.step st ON st.stage_id = s.id JOIN lifecycle.pipeline p ON p.id = s.pipeline_id AND p.key = 'sales'
    """

_COMPANIES = """
    INSERT INTO lifecycle.company (id, name, name_key, domain, lifecycle_stage, lifecycle_since, order_count,
        first_order_at, last_order_at, churn_due_at, created_at)
    SELECT ('01940000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Company ' || n, 'company ' || n,
        'c' || n || '.example', kind[1 + n % 10], at + interval '1 day', buys * 4,
        CASE WHEN buys = 1 THEN at END, CASE WHEN buys = 1 THEN now() - n % 364 * interval '1 day' END,
        CASE WHEN buys = 1 THEN now() + (365 - n % 364) * interval '1 day' END, at
    FROM generate_series(1, {rows}) AS n,
        LATERAL (SELECT now() - ({rows} - n) * (interval '730 days' / {rows}) - interval '2 days' AS at,
            CASE WHEN n % 10 < 4 THEN 1 ELSE 0 END AS buys,
            ARRAY['customer', 'customer', 'customer', 'onboarding', 'opportunity', 'lead', 'prospect', 'suspect',
                'suspect', 'suspect'] AS kind) AS made
    """

_CONTACTS = """
    INSERT INTO lifecycle.contact (id, company_id, name, email, created_at)
    SELECT ('01940000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, c.id,
        left(md5(n::text), 7) || ' ' || substr(md5(n::text), 8, 7),
        'visitor-' || n || '@c' || n || '.example', c.created_at
    FROM generate_series(1, {rows}) AS n
    JOIN lifecycle.company c ON c.id = ('01940000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
    """

_POINTS = """
    INSERT INTO lifecycle.contact_point (id, kind, value_norm, value_raw, contact_id, company_id, created_at)
    SELECT gen_random_uuid(), 'email', email, email, id, company_id, created_at FROM lifecycle.contact
    """

_DEALS = """
    INSERT INTO lifecycle.deal (id, title, pipeline_id, stage_id, step_id, status, amount, source_id, owner_id,
        contact_id, company_id, thread_key, thread_slot, board_rank, opened_at, closed_at, stage_entered_at,
        last_activity_at, last_inbound_at, entries)
    SELECT ('01940000-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Engine number ' || n, p.pipeline_id,
        p.stage_id, p.step_id, p.status, n % 1000, (SELECT id FROM lifecycle.source WHERE key = 'form:contact'),
        CASE WHEN n % 10 = 0 THEN (SELECT id FROM lifecycle.teammate ORDER BY email_key LIMIT 1) END,
        ('01940000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, c.id,
        '01940000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'), p.status = 'open',
        'z' || lpad(({rows} - n)::text, 10, '0'), c.created_at, CASE WHEN p.status <> 'open' THEN moved_at END,
        CASE WHEN p.key = 'new' THEN c.created_at ELSE moved_at END, moved_at, c.created_at, 1
    FROM generate_series(1, {rows}) AS n
    JOIN lifecycle.company c ON c.id = ('01940000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
    JOIN bench_place p ON p.slot = n * 37 % 100
    CROSS JOIN LATERAL (SELECT c.created_at + n % 40 * interval '1 hour' AS moved_at) AS later
    """

_LOGS = (
    """
    INSERT INTO lifecycle.deal_log (id, deal_id, company_id, pipeline_id, to_stage_id, to_step_id, to_status,
        is_opportunity, reason, effective_at)
    SELECT gen_random_uuid(), d.id, d.company_id, d.pipeline_id, p.stage_id, p.step_id, 'open', false, 'opened',
        d.opened_at
    FROM lifecycle.deal d JOIN bench_place p ON p.slot = 0
    """,
    """
    INSERT INTO lifecycle.deal_log (id, deal_id, company_id, pipeline_id, from_stage_id, from_step_id, from_status,
        to_stage_id, to_step_id, to_status, is_opportunity, reason, effective_at)
    SELECT gen_random_uuid(), d.id, d.company_id, d.pipeline_id, p.stage_id, p.step_id, 'open', d.stage_id, d.step_id,
        d.status, false, 'moved', d.stage_entered_at
    FROM lifecycle.deal d JOIN bench_place p ON p.slot = 0 WHERE d.stage_id <> p.stage_id
    """,
    """
    INSERT INTO lifecycle.lifecycle_log (id, company_id, stage, effective_at, recorded_at, rule, actor)
    SELECT gen_random_uuid(), id, 'suspect', created_at, created_at, 'a', 'system' FROM lifecycle.company
    """,
    """
    INSERT INTO lifecycle.lifecycle_log (id, company_id, stage, previous, effective_at, recorded_at, rule, actor)
    SELECT gen_random_uuid(), id, lifecycle_stage, 'suspect', lifecycle_since, lifecycle_since, 'm', 'system'
    FROM lifecycle.company WHERE lifecycle_stage <> 'suspect'
    """,
)

_ENTRIES = (
    """
    INSERT INTO lifecycle.activity (id, deal_id, contact_id, company_id, kind, author, body, occurred_at, recorded_at,
        match_reason, source, enquiry_id, dedupe_key)
    SELECT gen_random_uuid(), id, contact_id, company_id, 'enquiry', NULL, repeat('We need a quote for chairs. ', 4),
        opened_at, opened_at, 'new', 'form:contact', gen_random_uuid(), 'form:contact|' || id
    FROM lifecycle.deal
    """,
    """
    INSERT INTO lifecycle.activity (id, deal_id, contact_id, company_id, kind, author, occurred_at, recorded_at, source,
        facts)
    SELECT gen_random_uuid(), d.id, NULL, d.company_id, 'transition', 'sam@team.example', d.stage_entered_at,
        d.stage_entered_at, 'staff', '{"from_stage": "New", "to_stage": "Elsewhere"}'
    FROM lifecycle.deal d JOIN bench_place p ON p.slot = 0 WHERE d.stage_id <> p.stage_id
    """,
    """
    INSERT INTO lifecycle.message_ref (message_id, deal_id, kind, created_at)
    SELECT '<' || id || '@client.example>', id, 'received', opened_at FROM lifecycle.deal
    """,
)

_TOTALS = """
    INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
    SELECT stage_id, status, currency, count(*), sum(amount) FROM lifecycle.deal GROUP BY 1, 2, 3
    """
