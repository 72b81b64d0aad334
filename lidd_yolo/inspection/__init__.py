"""From detections to a decision: thresholds, missed defects and rejected good parts, and how sure that is.

Pure functions on arrays; no network, no pictures, no torch.
"""
