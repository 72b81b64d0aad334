"""Losses: one term per file, a function and a thin module."""
