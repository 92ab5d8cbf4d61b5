"""Whether a worker has joined its consumer group and was given partitions: its sign of life."""

from kafka import KafkaAdminClient
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)

from cli.topics import connect
from storage.kafka_access import PLAINTEXT, KafkaAccess

# A broker that was just started answers so until it has made or read its topic of groups.
SETTLING = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)


def partitions_in_work(bootstrap: str, group: str, access: KafkaAccess = PLAINTEXT) -> int:
    """Return how many partitions the members of the group read; 0 while they are settling."""
    admin = connect(bootstrap, access)
    try:
        return _assigned(admin, group)
    except SETTLING:
        return 0
    finally:
        admin.close()


def _assigned(admin: KafkaAdminClient, group: str) -> int:
    described = admin.describe_groups([group])[group]
    if described["group_state"] != "Stable":
        return 0
    topics = [
        topic
        for member in described["members"]
        for topic in member["member_assignment"]["assigned_partitions"]
    ]
    return sum(len(topic["partitions"]) for topic in topics)
