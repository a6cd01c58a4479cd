"""The rules of lifecycle: standard library only, no clock, no database."""
