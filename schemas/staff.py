"""Fields that name an employee: they are dropped at the gate, no statistic is about people at work."""

from typing import Any

STAFF_FIELDS = frozenset(
    "accountmanager accountowner agent agentid assignedby assignedto assignee attendeehost bdr bdrid "
    "bookedby calledby caller closedby contactowner createdby dealowner employee employeeid hostedby "
    "hubspotownerid lastmodifiedby leadowner modifiedby opportunityowner owner owneremail ownerid "
    "ownername rep repid repname salesowner salesperson salesrep salesrepid salesrepresentative sdr "
    "sdrid sdrname seller sellerid sender senderemail senderid sendername sentby sr srid staff staffid "
    "updatedby".split()
)
"""In lower case without separators, so that owner_id, ownerId and Owner-ID are one name."""


def without_staff(value: Any, allowed: frozenset[str]) -> Any:
    """The payload without fields that name staff, at any depth, but for those allowed by name."""
    if isinstance(value, dict):
        return {
            name: without_staff(item, allowed)
            for name, item in value.items()
            if not _names_staff(name, allowed)
        }
    if isinstance(value, list):
        return [without_staff(item, allowed) for item in value]
    return value


def _names_staff(name: str, allowed: frozenset[str]) -> bool:
    return name not in allowed and "".join(filter(str.isalnum, name.lower())) in STAFF_FIELDS
