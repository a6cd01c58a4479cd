"""The history of lifecycle's tables."""
