"""Sub-commands of ``lidd data``, one file each; ``lidd_yolo.data.commands`` lists them."""
