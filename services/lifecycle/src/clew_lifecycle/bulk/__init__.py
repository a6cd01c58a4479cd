"""One change to many records: previewed, done in parts, reported row by row, and taken back."""
