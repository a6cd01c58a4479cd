"""mail-intake at work on real engines."""
