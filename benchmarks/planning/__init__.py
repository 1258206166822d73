"""Ways to get a set of rows out of a teacher, side by side."""
