"""The tables of lifecycle and every query on them."""
