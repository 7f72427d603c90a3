"""The six steps of a generation, one file each."""
