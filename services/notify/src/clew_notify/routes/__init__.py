"""The HTTP edge of notify."""
