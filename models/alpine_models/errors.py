"""The one exception that a person's mistake raises."""

__all__ = ["AlpineError"]


class AlpineError(Exception):
    """A person's mistake, told in one line: the thing, the value and the remedy."""
