"""The HTTP edge of lifecycle: the JSON API and the staff pages."""
