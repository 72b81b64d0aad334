"""Label assignment: which anchor point learns which ground truth."""
