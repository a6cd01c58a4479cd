"""Who somebody is, as far as an address or a number can say: one reading of both for every service."""
