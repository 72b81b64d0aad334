"""LIDD-Net and WLNet: small networks for surface defects, on the stock Ultralytics command.

Importing this package connects it to Ultralytics, now or as soon as Ultralytics is imported.
"""

import lidd_yolo_startup

__version__ = "0.1.0"

lidd_yolo_startup.install(asked=True)
