"""Where pictures and clips come from."""
