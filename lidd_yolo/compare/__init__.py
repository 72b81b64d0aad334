"""Comparisons of networks: a plan is a grid of runs, a run is one training with its ledger entry.

The folder can be called: `lidd_yolo.compare.execution.compare`.
"""

import sys

from lidd_yolo import CallableFolder

sys.modules[__name__].__class__ = CallableFolder
