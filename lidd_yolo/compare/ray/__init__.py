"""Runs of a plan on several machines, by Ray."""
