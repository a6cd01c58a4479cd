"""How well mails are understood, measured."""
