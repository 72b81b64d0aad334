"""The commands of ``lidd``: one file a command."""
