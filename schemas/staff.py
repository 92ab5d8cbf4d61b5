"""Fields that name an employee: dropped at the gate, for no statistic is about people at work."""

from functools import lru_cache

_FIELDS = """
accountexec accountexecutive accountmanager accountowner accountownerid assignedby assignedto
assignee bdr bdrid bookedby calledby callowner closedby contactowner contactownerid createdby
dealowner dealownerid employee employeeid hostedby hubspotownerid lastmodifiedby leadowner
leadownerid meetinghost modifiedby opportunityowner organiser organizer owner owneremail ownerid
ownername rep repid repname salesagent salesowner salesperson salesrep salesrepid
salesrepresentative sdr sdrid sdrname sender senderemail senderid sendername sentby sr srid staff
staffid updatedby
"""

STAFF_FIELDS = frozenset(_FIELDS.split())
"""In lower case without separators, so that owner_id, ownerId and Owner-ID are one name."""

_LONGEST = 64
# Longer names are none of these; the cache must not be filled with whatever is sent.


@lru_cache(maxsize=4096)
def names_staff(field: str) -> bool:
    """Tell whether a field of this name says who among the staff did something."""
    return len(field) <= _LONGEST and "".join(filter(str.isalnum, field.lower())) in STAFF_FIELDS
