"""Speed of networks and tools, measured in turn on one machine."""
