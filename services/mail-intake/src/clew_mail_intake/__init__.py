"""The mail-intake service."""
