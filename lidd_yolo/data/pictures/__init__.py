"""Picture files: header, completeness, decoding."""
