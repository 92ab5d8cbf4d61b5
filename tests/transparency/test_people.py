"""Nothing is grouped by people, and who looks at details is seen by those it concerns."""

import pytest

from schemas.metric_definitions import Side
from schemas.people import Role
from schemas.policies import Level
from schemas.staff import STAFF_FIELDS
from tests.transparency.test_visibility import PEOPLE, STAKE
from transparency.access_log import Access, Action, may_read_entry, must_log
from transparency.dimensions import PersonDimensionError, PersonKind, refuse_person_dimension
from transparency.viewers import Viewer


@pytest.mark.parametrize(
    "field",
    [
        *sorted(STAFF_FIELDS),
        "data.owner",
        "data.deal_owner",
        "data.dealOwnerId",
        "data.Sales-Rep",
        "data.rep",
        "data.seller.region",
        "data.assigned_to",
        "data.support_agent",
        "data.user",
        "data.userId",
        "data.created_by_user",
        "data.account_executive",
        "data.staff_id",
        "data.employee.team",
        "data.betreuer",
        "data.Zuständig",
        "data.vertriebsMitarbeiter",
        "data.HOSTName",
        "owner",
    ],
)
def test_fields_that_name_an_employee_are_refused(field):
    with pytest.raises(PersonDimensionError) as refused:
        refuse_person_dimension(field)

    assert refused.value.field == field
    assert refused.value.kind is PersonKind.EMPLOYEE
    assert str(refused.value).startswith(f"{field}: names an employee")


@pytest.mark.parametrize("field", ["contact", "data.contacts", "data.contact_id", "data.recipient"])
def test_fields_that_name_a_contact_are_refused_with_another_reason(field):
    with pytest.raises(PersonDimensionError, match="names a contact") as refused:
        refuse_person_dimension(field)

    assert refused.value.kind is PersonKind.CONTACT


@pytest.mark.parametrize(
    "field",
    [
        "campaign",
        "content",
        "channel",
        "type",
        "data.industry",
        "data.country",
        "data.employee_count",
        "data.number_of_employees",
        "data.report",
        "data.agenda",
        "data.ownership",
        "data.reason",
        "data.stage",
        "data.userCount",
        "data.hostname",
    ],
)
def test_traits_of_accounts_and_touches_are_not(field):
    refuse_person_dimension(field)


@pytest.mark.parametrize(
    ("action", "level", "person", "expected"),
    [
        (Action.READ, Level.NONE, "sam", False),
        (Action.READ, Level.HEADLINE, "sam", False),
        (Action.READ, Level.METRICS, "sam", False),
        (Action.READ, Level.SEGMENTS, "sam", True),
        (Action.READ, Level.JOURNEYS, "sam", True),
        (Action.READ, Level.JOURNEYS, None, False),
        (Action.POLICY_CHANGE, Level.NONE, "stan", True),
        (Action.POLICY_CHANGE, Level.NONE, None, True),
        (Action.LOG_READ, Level.NONE, "sam", False),
    ],
)
def test_details_read_by_people_and_policies_changed_by_anybody_are_kept(
    action, level, person, expected
):
    assert must_log(Access(action=action, level=level, person=person)) is expected


READ = Access(
    action=Action.READ, level=Level.JOURNEYS, person="mia", account_teams=frozenset({"north"})
)
CHANGE = Access(action=Action.POLICY_CHANGE, person="stan")
# Who may read that somebody looked at a journey, and that the policy was changed.
LOG_TABLE = {
    "marketer of the owner team":            (True, True),
    "marketer of another team":              (False, False),
    "interpreter of another marketing team": (True, True),
    "seller":                                (True, True),
    "interpreter of sales":                  (True, True),
    "leader of the owner team":              (True, True),
    "leader of sales":                       (False, True),
    "leader of the house":                   (False, False),
    "engineer":                              (False, False),
    "engineer in the owner team":            (False, False),
    "steward":                               (False, True),
    "somebody without a role":               (False, False),
}  # fmt: skip


@pytest.mark.parametrize("person", sorted(PEOPLE))
def test_the_log_is_open_to_the_owner_team_and_to_those_concerned(person):
    found = tuple(may_read_entry(PEOPLE[person], STAKE, access) for access in (READ, CHANGE))

    assert found == LOG_TABLE[person]


def test_everybody_sees_what_the_log_says_of_them():
    access = Access(action=Action.READ, level=Level.SEGMENTS, person="ben")

    assert may_read_entry(PEOPLE["marketer of another team"], STAKE, access)


def test_a_seller_of_another_account_is_not_concerned():
    seller = Viewer(
        person="sue", side=Side.SALES, teams=frozenset({"west"}), roles=frozenset({Role.SELLER})
    )

    assert not may_read_entry(seller, STAKE, READ)
