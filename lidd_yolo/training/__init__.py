"""Trainers, recipes and callbacks."""
