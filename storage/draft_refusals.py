"""How a draft is refused that names what is not there."""


class DraftError(ValueError):
    """A draft names what is not there; `field` says where."""

    def __init__(self, field: str, rule: str, detail: str) -> None:
        """Take the field, the rule that it breaks, and why."""
        super().__init__(detail)
        self.field = field
        self.rule = rule
