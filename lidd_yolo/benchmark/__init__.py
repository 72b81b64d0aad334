"""Measured results: one run becomes one JSON, JSONs become tables and plots; no figure is typed by hand."""
