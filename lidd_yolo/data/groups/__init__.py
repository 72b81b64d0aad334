"""Pictures of one spot, and the groups that they form."""
