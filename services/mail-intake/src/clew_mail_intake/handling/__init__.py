"""What people do with mails that were set aside or failed."""
