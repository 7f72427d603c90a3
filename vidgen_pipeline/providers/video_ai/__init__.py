"""Providers that make moving pictures from words: one vendor a file, and in `clips` what they share."""
