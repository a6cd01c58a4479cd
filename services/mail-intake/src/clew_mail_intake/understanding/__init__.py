"""What one mail says, found from its bytes alone. Next: clew_mail_intake.understanding.understand.understand."""
