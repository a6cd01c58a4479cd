"""OData 4.01 over what lifecycle keeps. Next: clew_lifecycle.odata.entities.MODEL."""
