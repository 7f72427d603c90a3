"""Whoever can do a step: one contract a category, one vendor or local engine a file."""
