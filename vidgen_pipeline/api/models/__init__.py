"""What goes in and what comes out, apart from each other: a field that is only shown can't be set."""
