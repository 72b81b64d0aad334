"""The published data sets, from their release to folders for training."""
