"""``python -m lidd_yolo``: the same as the console script ``lidd``."""

import sys

from lidd_yolo.cli.main import main

sys.exit(main())
