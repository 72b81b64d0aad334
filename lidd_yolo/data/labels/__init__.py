"""Labels of a picture: classes, boxes, outlines, and what may be wrong with them."""
