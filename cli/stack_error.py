"""The one class of errors that a command shows as a sentence instead of a traceback."""


class StackError(Exception):
    """Something the person who started the command can act on; the message says how."""
