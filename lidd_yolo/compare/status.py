"""Exit statuses of the commands and of the process of one run. Own work."""

DONE = 0
FAILED = 1
WRONG = 2
"""A command line or a plan that cannot be carried out."""
TIME_IS_UP = 75
"""EX_TEMPFAIL of sysexits.h: call again to go on."""
STOPPED = 130
"""Ended by Ctrl-C, as a shell counts it."""
