"""The HTTP edge of mail-intake: an API and the staff's pages."""
