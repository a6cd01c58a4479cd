"""Make a database that a test has used equal to its template again. Next: clew_shared.testing.engines.SharedEngines.

To copy a database costs half a second, to empty one that is nearly empty a few milliseconds.
"""

from dataclasses import dataclass

import asyncpg

# Beyond these a copy is cheaper, or kinder to what comes next.
_MOST_BYTES = 64 << 20
_LARGE_TABLE_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Pristine:
    """What a template holds: the shape of its schema, and the rows that its migrations have made, as JSON by table."""

    shape: str
    rows: dict[str, str]


async def look_at(url: str) -> Pristine:
    """Note what a template holds."""
    connection = await asyncpg.connect(url)
    try:
        rows = {}
        for (table,) in await connection.fetch(_TABLES):
            held = await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t)) FROM {table} t")
            if held is not None:
                rows[table] = held
        return Pristine(await connection.fetchval(_SHAPE), rows)
    finally:
        await connection.close()


async def clear(url: str, pristine: Pristine) -> bool:
    """Empty the database of what a test has left; False when it cannot be had back, as somebody still uses it."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(_IS_USED) or await connection.fetchval(_SHAPE) != pristine.shape:
            return False
        async with connection.transaction():
            # Neither foreign keys nor triggers have a say in this.
            await connection.execute("SET LOCAL session_replication_role = 'replica'")
            await connection.execute(_EMPTY)
            for table, rows in pristine.rows.items():
                again = f"SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1)"
                await connection.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE {again}", rows)
            await connection.execute(_RESTART)
        return True
    finally:
        await connection.close()


_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""

# Other names, other columns, other constraints, a trigger that was switched off, a setting of the database.
_SHAPE = """
SELECT md5(string_agg(part, ';' ORDER BY part)) FROM (
    SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || a.atttypid::regtype || a.attnotnull AS part
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE NOT a.attisdropped AND c.oid >= 16384
    UNION ALL SELECT 'constraint ' || conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
    UNION ALL SELECT 'trigger ' || tgrelid::regclass || tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function ' || oid::regprocedure || md5(prosrc) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT 'setting ' || setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    WHERE d.datname = current_database()
) parts
"""

_IS_USED = f"""
SELECT pg_database_size(current_database()) > {_MOST_BYTES} OR EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
)
"""

_EMPTY = f"""
DO $$
DECLARE
    name text;
    is_held boolean;
    large text;
BEGIN
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO large FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
        AND pg_relation_size(format('%I.%I', schemaname, tablename)) > {_LARGE_TABLE_BYTES};
    IF large IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || large || ' CASCADE';
    END IF;
    FOR name IN {_TABLES} LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO is_held;
        IF is_held THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$
"""

_RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
"""
