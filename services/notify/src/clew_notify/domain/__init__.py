"""Who is told of what, and what a provider's answer means: rules that need nothing but the standard library."""
