"""``python -m lidd_yolo``: the same as the console script ``lidd``."""

import sys

from lidd_yolo.cli import main

sys.exit(main())
