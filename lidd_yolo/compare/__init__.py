"""Comparisons of networks: a plan is a grid of runs, a run is one training with its ledger entry."""
