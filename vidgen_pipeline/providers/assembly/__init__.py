"""Renderers of a timeline."""
