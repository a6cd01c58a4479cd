"""Say in a sentence why a company stands where it stands. Next: clew_lifecycle.store.company_log.list_company_log."""

from collections.abc import Mapping
from typing import Any


def explain(
    rule: str, stage: str, facts: Mapping[str, Any], *, actor: str | None, cause: str | None, note: str | None
) -> str:
    """Give the sentence for a row of the log; `cause` is what the deal or the order is called."""
    deal = f"The deal “{cause}”" if cause else "A deal"
    sentences = {
        "a": "It supplies us." if stage == "other" else "It begins as a suspect: nothing is known of it yet.",
        "c1": f"{deal} {'was taken up again as' if facts.get('reopened') else 'became'} an opportunity.",
        "c2": f"{deal}, the last that was open, was {facts.get('status', 'lost')}.",
        "d": f"{deal} was won." if _is_deal(facts) else f"{_order(cause)} was its first.",
        "e": f"Nothing was ordered for {facts.get('days', 'too many')} days{_after(facts)}.",
        "f": f"It has {_orders(facts)}; a customer has {facts.get('needed', 'that many')}.",
        "g": f"It ordered again after it had churned, and has {_orders(facts)} in all.",
        "i": f"The sales history shows {f'the order {cause}' if cause else 'an order'} of that day.",
        "m": f"{actor or 'Somebody'} set it by hand{f': {note}' if note else ''}.",
        "rfm": _scores(facts),
    }
    return sentences.get(rule, "")


def _is_deal(facts: Mapping[str, Any]) -> bool:
    return facts.get("cause_kind") == "deal"


def _order(cause: str | None) -> str:
    return f"The order {cause}" if cause else "An order"


def _orders(facts: Mapping[str, Any]) -> str:
    count = facts.get("orders", 0)
    return f"{count} order{'' if count == 1 else 's'}"


def _after(facts: Mapping[str, Any]) -> str:
    last = str(facts.get("last_order_at") or "")[:10]
    return f" after {last}" if last else ""


def _scores(facts: Mapping[str, Any]) -> str:
    if not facts:
        return "It has no orders any more."
    return f"Recency {facts.get('r')}, frequency {facts.get('f')}, monetary {facts.get('m')}, of 5 each."
