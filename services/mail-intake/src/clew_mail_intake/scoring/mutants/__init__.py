"""Other forms of the same mail, as other programs would have written it: made from a seed, to test on mail unseen."""
