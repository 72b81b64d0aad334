"""From detections to a decision: thresholds, missed defects and rejected good parts, how sure that is, OK or not OK.

The statistics are pure functions on arrays, without a network, pictures or torch; ``predict`` runs a network.
"""
