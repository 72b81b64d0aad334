"""Generated pictures of steel with defects."""
