"""Exit statuses of ``lidd`` and of the processes that it starts."""

DONE = 0
"""Everything is done and nothing was found."""
FINDINGS = 1
"""Something was found, left out or failed; the rest is done."""
COULD_NOT_RUN = 2
"""Nothing was done: wrong words or unusable input."""
TIME_IS_UP = 75
"""Stopped by a time limit; the same command goes on (EX_TEMPFAIL of sysexits.h)."""
STOPPED = 130
"""Stopped by the user with Ctrl-C, as a shell counts it; by SIGTERM 143, by SIGHUP 129."""
NOBODY_READS = 141
"""Whoever read the output has gone, as ``head`` does; as a shell counts SIGPIPE."""
