"""The revisions of the notify schema."""
