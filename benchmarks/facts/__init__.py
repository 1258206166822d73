"""Plants for the facts gate: real rows in which one fact was harmed, and reworded ones in which none was."""
