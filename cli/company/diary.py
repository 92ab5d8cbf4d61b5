"""What happens at one account, noted as events in the names that their sources would use."""

from typing import Any

from cli.company.people import Account, Contact
from schemas.events import Event

CRM = "urn:simulated:crm"
MAIL = "urn:simulated:mail"
WEB = "urn:simulated:web"
CURRENCY = "EUR"


class Diary:
    """Collects the events of one account up to the end of the period; ids count up within it."""

    def __init__(self, account: Account, end_us: int) -> None:
        self.account = account
        self.events: list[Event] = []
        self._end_us = end_us
        self._noted = 0

    def note(
        self,
        source: str,
        event_type: str,
        time_us: int,
        *,
        contact: Contact | None = None,
        data: dict[str, Any] | None = None,
        **attributes: Any,
    ) -> bool:
        """Note one event and return True; what lies behind the period's end has not happened."""
        self._noted += 1
        if time_us >= self._end_us:
            return False
        known = contact is None or time_us >= contact.linked_us
        self.events.append(
            Event(
                source=source,
                id=f"{self.account.name}-{self._noted}",
                type=event_type,
                time_us=time_us,
                # Before a link arrives the source knows the person, not the company.
                account=self.account.name if known else None,
                contact=contact.name if contact is not None else None,
                data=data or {},
                **attributes,
            )
        )
        return True
