"""Pipelines that the tests of the workflow work by."""

from typing import Any

import msgspec
from clew_lifecycle.definition import Definition
from clew_lifecycle.publish_pipeline import (
    NewPipeline,
    Publication,
    Published,
    add_pipeline,
    keep_draft,
    publish_pipeline,
)

from tests.lifecycle.desk import SAM, Desk

# A training company's: a lead is called, gets an offer, and is won with everything that then has to happen.
TRAINING: dict[str, Any] = {
    "key": "training",
    "name": "Training",
    "status_mode": "stage_driven",
    "stages": [
        {
            "key": "lead",
            "name": "Lead",
            "steps": [{"key": "arrived", "name": "Arrived"}, {"key": "called", "name": "Called"}],
        },
        {"key": "offer", "name": "Offer", "is_opportunity": True, "rot_days": 7, "probability": 60},
        {"key": "won", "name": "Won", "category": "won"},
        {"key": "lost", "name": "Lost", "category": "lost"},
        {"key": "shelf", "name": "Shelf", "category": "archived"},
    ],
    "transitions": [
        {"key": "call", "name": "Call", "from": "arrived", "to": "called", "required": ["/contact/first_name"]},
        {"key": "offer", "name": "Make an offer", "from": "called", "to": "offer", "required": ["/amount"]},
        {
            "key": "win",
            "name": "Win",
            "from": "offer",
            "to": "won",
            "triggers": ["token_issue", "invoice", "registration", "account", "contact"],
            "comms": [
                {
                    "channel": "email",
                    "audience": "contact",
                    "subject": "Welcome, {contact/first_name}",
                    "text": "You are booked: {title}, {amount} {currency}.",
                },
                {"channel": "email", "audience": "owner", "subject": "Won: {title}", "text": "Well done."},
                {"channel": "sms", "text": "See you at {title}."},
            ],
        },
        {"key": "lose", "name": "Lose", "from": ["arrived", "called", "offer"], "to": "lost"},
        {"key": "shelve", "name": "Put aside", "from": ["called", "offer"], "to": "shelf", "roles": ["manager"]},
        {"key": "discount", "name": "Back to the phone", "from": "offer", "to": "called", "guard": "amount gt 1000"},
        {"key": "revive", "name": "Take up again", "from": ["won", "lost", "shelf"], "to": "called"},
    ],
    "entries": [
        {"kind": "new", "step": "arrived", "name": "New lead"},
        {"kind": "existing_account", "step": "offer", "name": "Known customer"},
    ],
    "follow_ons": [{"key": "refresher", "name": "Refresher", "step": "called"}],
}

# No transitions: cards go where people put them, and people say what becomes of a deal.
FEEDBACK: dict[str, Any] = {
    "key": "feedback",
    "name": "Feedback",
    "drives_lifecycle": False,
    "stages": [{"key": "asked", "name": "Asked"}, {"key": "answered", "name": "Answered", "is_opportunity": True}],
}


async def add(desk: Desk, definition: dict[str, Any]) -> None:
    async with desk.rail.unit_of_work() as uow:
        await add_pipeline(msgspec.convert(definition, NewPipeline), SAM, uow)


async def publish(
    desk: Desk, definition: dict[str, Any], mapping: dict[str, str] | None = None, *, dry_run: bool = False
) -> Published:
    """Save a draft of the pipeline and publish it."""
    key = definition["key"]
    rest = {name: value for name, value in definition.items() if name not in ("key", "draft")}
    async with desk.rail.unit_of_work() as uow:
        await keep_draft(key, msgspec.convert(rest, Definition), uow)
    async with desk.rail.unit_of_work() as uow:
        return await publish_pipeline(key, Publication(mapping=mapping or {}, dry_run=dry_run), SAM, uow)


def without(definition: dict[str, Any], *steps: str) -> dict[str, Any]:
    """Give the definition without some steps, and without the transitions that touch them."""
    stages = [
        {**stage, "steps": [step for step in stage.get("steps", []) if step["key"] not in steps]}
        for stage in definition["stages"]
        if stage["key"] not in steps
    ]
    moves = []
    for move in definition.get("transitions", []):
        origins = [move["from"]] if isinstance(move["from"], str) else move["from"]
        left = [origin for origin in origins if origin not in steps]
        if left and move["to"] not in steps:
            moves.append({**move, "from": left})
    entries = [entry for entry in definition.get("entries", []) if entry["step"] not in steps]
    follow_ons = [follow for follow in definition.get("follow_ons", []) if follow["step"] not in steps]
    return {**definition, "stages": stages, "transitions": moves, "entries": entries, "follow_ons": follow_ons}
