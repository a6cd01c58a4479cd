"""Reports: what the logs of deals and companies come to, each in set-based SQL over what was so at a time."""
