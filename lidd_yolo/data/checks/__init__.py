"""What can be wrong with a data set, one idea in each file; ``lidd data check`` puts them together."""
