"""The revisions of the mail_intake schema."""
