"""Ways to find when each word of a known text is heard, from the most exact to the one that always works."""
