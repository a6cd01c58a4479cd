"""Mails for those who look at them."""
