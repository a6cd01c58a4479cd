"""`clew bench`: what clew does in a second, beside what the bare parts would do, in the same run."""
