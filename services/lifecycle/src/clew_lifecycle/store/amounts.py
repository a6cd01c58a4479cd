"""Money as people and programs read it. Next: clew_lifecycle.store.deals."""

from decimal import Decimal

_CENT = Decimal("0.01")


def plain(amount: Decimal | None) -> Decimal | None:
    """Give an amount with two places, or with as many as it needs."""
    if amount is None:
        return None
    rounded = amount.quantize(_CENT)
    return rounded if rounded == amount else amount.normalize()
