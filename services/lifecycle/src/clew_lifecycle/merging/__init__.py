"""Two records that are one: everything of the one goes to the other, and back again if that was wrong."""
