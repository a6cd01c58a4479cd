"""The ways out: one module per channel and provider, behind one interface."""
