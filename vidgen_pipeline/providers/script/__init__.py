"""Who writes (or structures) a script."""
