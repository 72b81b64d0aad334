"""Reports from the ledger: statistics over seeds, paired comparisons, Markdown tables and one HTML page.

The folder can be called: `lidd_yolo.report.page.report`.
"""

import sys

from lidd_yolo import CallableFolder

sys.modules[__name__].__class__ = CallableFolder
