"""`clew demo`: a company that does not exist, its web site, and a board with work on it."""
