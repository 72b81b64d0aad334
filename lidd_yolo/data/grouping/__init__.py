"""Steps of the search for pictures that show the same spot; ``lidd_yolo.data.overlap`` puts them in order."""
