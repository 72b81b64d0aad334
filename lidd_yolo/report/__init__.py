"""Reports from the ledger: statistics over seeds, paired comparisons, Markdown tables and one HTML page."""
