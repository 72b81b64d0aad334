"""The one exception for bad input."""


class InputError(ValueError):
    """What a caller gave cannot be used: names the file or argument, the reason and the way out."""
