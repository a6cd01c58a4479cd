"""The look that all services share: the shell of a page, the style sheets, the scripts, and what serves them."""
