"""Who it was, where an import says it. Next: clew_lifecycle.know_companies.Origin."""

# Stands beside what is imported, where a teammate's address stands beside what they do.
ACTOR = "import"
