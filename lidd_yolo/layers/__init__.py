"""Building blocks of both networks, one idea per file; plain torch modules without knowledge of YAML or training."""
