"""Seedstock."""
