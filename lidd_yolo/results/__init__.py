"""What trainings and measurements gave: the ledger and its evidence."""
