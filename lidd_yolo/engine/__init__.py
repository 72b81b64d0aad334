"""Training: Ultralytics trainers with the papers' recipes."""
