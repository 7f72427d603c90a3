"""Use cases: what a person can ask for, whatever door they come through."""
