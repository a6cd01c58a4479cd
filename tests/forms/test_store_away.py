"""A submission while an engine is away, and neighbours of one that cannot be stored."""
