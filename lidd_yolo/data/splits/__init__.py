"""Parts of a data set: training, validation and test."""
