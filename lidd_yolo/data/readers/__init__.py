"""Data sets on disk, read as pictures with their labels."""
