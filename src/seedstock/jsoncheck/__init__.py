"""JSON outputs beyond their schema: values that must stand in the input, and rules between fields."""
