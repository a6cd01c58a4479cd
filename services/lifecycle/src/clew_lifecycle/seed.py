"""What the first start needs to find: the pipeline Sales, the reasons deals are lost for, and the team.

Next: clew_lifecycle.store.workflow.load_workflow.
"""

from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import derived_id
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import credential_of
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert

from clew_lifecycle.add_teammate import add_teammate
from clew_lifecycle.store.sources import add_sources
from clew_lifecycle.store.tables import company_type
from clew_lifecycle.store.team_tables import api_token, teammate
from clew_lifecycle.store.workflow_tables import entry, lost_reason, pipeline, stage, step

# Every id below is derived from this one, so that two processes that start together seed the same rows.
_ROOT = UUID("0195c1e0-0000-7000-8000-000000000001")
_SALES = derived_id(_ROOT, "pipeline sales")
# key, name, category, probability, days until a deal looks forgotten
_STAGES = (
    ("new", "New", "open", 10, 2),
    ("qualified", "Qualified", "open", 25, 7),
    ("proposal", "Proposal", "open", 50, 14),
    ("negotiation", "Negotiation", "open", 75, 14),
    ("won", "Won", "won", 100, None),
    ("lost", "Lost", "lost", 0, None),
    ("archived", "Archived", "archived", 0, None),
)
# key, label, needs a note, may be reopened by its client
_LOST_REASONS = (
    ("price", "Too expensive", False, True),
    ("competitor", "Chose a competitor", False, True),
    ("no_budget", "No budget", False, True),
    ("timing", "Not now", False, True),
    ("no_answer", "No answer", False, True),
    ("not_a_fit", "Not a fit", False, True),
    ("spam", "Spam", False, False),
    ("duplicate", "Duplicate", False, False),
    ("wrong_number", "Wrong number or address", False, False),
    ("other", "Other", True, True),
)
# key, label, sells to us; only where there is none yet, so that one that was taken away stays away
_COMPANY_TYPES = (
    ("direct", "Direct customer", False),
    ("reseller", "Reseller", False),
    ("wholesaler", "Wholesaler", False),
    ("retailer", "Retailer", False),
    ("distributor", "Distributor", False),
    ("supplier", "Supplier", True),
)


async def seed(rail: Rail, settings: Settings) -> None:
    """Make what is missing; what people have changed since stays."""
    async with rail.unit_of_work() as uow:
        await _seed_sales(uow)
        await _seed_lost_reasons(uow)
        await _seed_company_types(uow)
        await _seed_team(settings, uow)
        # So that people can set what becomes of their mails before the first comes.
        await add_sources(
            [f"mail:{address.partition('@')[0]}" for address in settings.intake_addresses], uow.connection
        )
        await _seed_token(settings, uow)


async def _seed_sales(uow: UnitOfWork) -> None:
    sales = {"id": _SALES, "key": "sales", "name": "Sales", "status_mode": "stage_driven", "position": 0}
    if not await _insert(uow, pipeline, [sales]):
        return
    stages, steps = [], []
    for position, (key, name, category, probability, rot_days) in enumerate(_STAGES):
        stage_id = derived_id(_ROOT, f"stage {key}")
        stages.append(
            {
                "id": stage_id,
                "pipeline_id": _SALES,
                "key": key,
                "name": name,
                "category": category,
                "position": position,
                "probability": probability,
                "rot_days": rot_days,
                # A lead is qualified before it is an opportunity.
                "is_opportunity": category == "open" and key != "new",
            }
        )
        steps.append(
            {
                "id": derived_id(_ROOT, f"step {key}"),
                "pipeline_id": _SALES,
                "stage_id": stage_id,
                "key": key,
                "name": name,
                "position": 0,
                "hidden": True,
            }
        )
    await _insert(uow, stage, stages)
    await _insert(uow, step, steps)
    begin = {"pipeline_id": _SALES, "kind": "new", "name": "New opportunity", "step_id": steps[0]["id"]}
    await _insert(uow, entry, [begin])


async def _seed_lost_reasons(uow: UnitOfWork) -> None:
    rows = [
        {
            "id": derived_id(_ROOT, f"lost reason {key}"),
            "key": key,
            "label": label,
            "position": position,
            "needs_note": needs_note,
            "reopenable": reopenable,
        }
        for position, (key, label, needs_note, reopenable) in enumerate(_LOST_REASONS)
    ]
    await _insert(uow, lost_reason, rows)


async def _seed_company_types(uow: UnitOfWork) -> None:
    if await uow.connection.scalar(select(func.count()).select_from(company_type)):
        return
    rows = [
        {"key": key, "label": label, "position": position, "is_supplier": is_supplier}
        for position, (key, label, is_supplier) in enumerate(_COMPANY_TYPES)
    ]
    await _insert(uow, company_type, rows)


async def _seed_team(settings: Settings, uow: UnitOfWork) -> None:
    """Make the teammates that the settings name, and somebody who can sign in where they name nobody."""
    if await uow.connection.scalar(select(func.count()).select_from(teammate)):
        return
    for email in settings.team:
        await add_teammate(email, None, uow)
    if not settings.team:
        await add_teammate(f"admin@{settings.intake_domain}", "Admin", uow)


async def _seed_token(settings: Settings, uow: UnitOfWork) -> None:
    if settings.api_token:
        sha256 = credential_of("token", settings.api_token).sha256
        token_id = derived_id(_ROOT, f"token {sha256.hex()}")
        await _insert(uow, api_token, [{"id": token_id, "name": "CLEW_API_TOKEN", "sha256": sha256, "role": "admin"}])


async def _insert(uow: UnitOfWork, table: Table, rows: list[dict[str, Any]]) -> bool:
    result = await uow.connection.execute(insert(table).values(rows).on_conflict_do_nothing())
    return result.rowcount > 0
