"""The filter language of OData 4.01: text to a tree, and a tree's answer. Next: clew_lifecycle.domain.predicate."""
