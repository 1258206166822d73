"""Recomputing what a worked answer says: each stated step, and the final number against them."""
