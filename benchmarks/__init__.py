"""Scripts beside the Makefile: tables and figures of the pages, and measurements that only developers need."""
