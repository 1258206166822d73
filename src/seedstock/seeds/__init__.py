"""Real rows: reading them from files, dividing them, and the space they cover."""
