"""Whole folders of annotated pictures, one file for each way of laying them out, all read into the same items."""
