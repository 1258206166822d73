"""Pages for people: one self-contained HTML file each, everything from a row escaped."""
