"""Old names, kept for data YAMLs that users copied."""
