"""The field's words and rules: plain models and pure functions, no I/O and no framework."""
