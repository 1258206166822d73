"""Running code that nobody has read: without network, files, other processes, or time and memory to waste."""
