"""The networks as Ultralytics models: rows of YAML, parser, criteria, folding."""
