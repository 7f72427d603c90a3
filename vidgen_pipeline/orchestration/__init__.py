"""Dagster: the graph, its ops, resources and the IO manager that keeps each step's result."""
