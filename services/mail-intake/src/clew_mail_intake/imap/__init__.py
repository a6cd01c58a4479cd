"""The IMAP door: one thread per mailbox, because imapclient waits where it stands."""
