"""People and teams over HTTP: stewards write, everybody reads, nobody reads an address."""

import httpx
import pytest

from tests.api.house import House, person

pytestmark = pytest.mark.stack


def team(house: House, key: str, side: str) -> httpx.Response:
    return house.client.post("/v1/teams", json={"key": key, "name": key.title(), "side": side})


def test_a_person_is_added_changed_and_read(house: House) -> None:
    team(house, "growth", "marketing")
    added = house.client.post("/v1/people", json=person("ada", "marketer", teams=["growth"]))
    location = added.headers["location"]
    change = {
        "name": "Ada Lovelace",
        "side": "neutral",
        "roles": ["steward", "engineer"],
        "is_active": True,
    }
    changed = house.client.put(location, json=change)

    assert (added.status_code, changed.status_code) == (201, 200)
    assert added.headers["cache-control"] == "no-store"
    assert added.json()["invitation"]["invitation"].startswith("rti_")
    first = added.json()["person"]
    assert (first["roles"], first["teams"]) == (["marketer"], ["growth"])
    assert (first["is_active"], first["signs_in_with"]) == (True, None)
    assert changed.json() == first | {
        "name": "Ada Lovelace",
        "side": "neutral",
        "roles": ["engineer", "steward"],
        "teams": [],
    }
    assert house.client.get(location).json() == changed.json()


def test_no_answer_to_anybody_holds_an_address(house: House) -> None:
    with house.signed_in("stu", "steward") as stu, house.signed_in("sal", "seller"):
        path = f"/v1/people/{house.ids['sal']}"
        change = person("sal", "seller", email="sal.new@house.example") | {"is_active": True}
        answers = [
            stu.send("POST", "/v1/people", json=person("new", "leader")),
            stu.send("POST", "/v1/people", json=person("sal.other", "leader", email="x")),
            stu.send("PUT", path, json=change),
            stu.send("POST", "/v1/people", json=person("twice", "leader", email=change["email"])),
            stu.get("/v1/people"),
            stu.get(path),
            stu.get("/v1/session"),
        ]
    stored = house.sql(
        "SELECT credentials::text, people::text FROM credentials JOIN people ON person = id"
    )

    assert [answer.status_code for answer in answers] == [201, 422, 200, 409, 200, 200, 200]
    assert not any("house.example" in answer.text for answer in answers)
    assert "house.example" not in str(stored)


def test_a_changed_address_is_signed_in_with_from_then_on(house: House) -> None:
    with house.signed_in("sal", "seller"), house.browser() as browser:
        change = person("sal", "seller", email="sue@house.example") | {"is_active": True}
        house.client.put(f"/v1/people/{house.ids['sal']}", json=change).raise_for_status()
        answers = [browser.sign_in("sal").status_code, browser.sign_in("sue").status_code]

    assert answers == [401, 200]


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"roles": []}, "roles", "too_short"),
        ({"roles": ["marketer", "marketer"]}, "body", "value_error"),
        ({"roles": ["boss"]}, "roles.0", "enum"),
        ({"side": "sales"}, "body", "value_error"),
        ({"side": "customers"}, "side", "enum"),
        ({"email": "not an address"}, "email", "value_error"),
        ({"email": "Ada <ada@house.example>"}, "email", "value_error"),
        ({"name": ""}, "name", "string_too_short"),
        ({"name": "A\u0000da"}, "name", "value_error"),
        ({"teams": ["nowhere"]}, "teams", "wrong_team"),
        ({"teams": ["field"]}, "teams", "wrong_team"),
        ({"password": "correct horse battery"}, "password", "extra_forbidden"),
    ],
)
def test_a_person_that_breaks_a_rule_is_refused_by_field_and_rule(
    house: House, changes: dict[str, object], field: str, rule: str
) -> None:
    team(house, "field", "sales")

    answer = house.client.post("/v1/people", json=person("ada", "marketer", **changes))

    problem = answer.json()
    assert (answer.status_code, problem["field"], problem["rule"]) == (422, field, rule)
    assert house.client.get("/v1/people").json()["people"] == []


def test_who_is_not_there_is_not_found(house: House) -> None:
    nobody = "/v1/people/p-0123456789abcdef"
    change = {"name": "N", "side": "neutral", "roles": ["leader"], "is_active": True}

    answers = [
        house.client.get(nobody),
        house.client.put(nobody, json=change),
        house.client.post(f"{nobody}/invitation"),
        house.client.put("/v1/teams/nowhere", json={"name": "N"}),
    ]
    malformed = house.client.get("/v1/people/%00")

    assert [answer.status_code for answer in answers] == [404] * 4
    assert malformed.status_code == 422


def test_who_has_left_is_not_invited(house: House) -> None:
    house.invite("ada", "marketer")
    path = f"/v1/people/{house.ids['ada']}"
    change = {"name": "A", "side": "marketing", "roles": ["marketer"], "is_active": False}
    house.client.put(path, json=change).raise_for_status()

    assert house.client.post(f"{path}/invitation").status_code == 409


def test_people_come_in_pages(house: House) -> None:
    for name in ("ada", "bob", "cleo"):
        house.invite(name, "leader")

    first = house.client.get("/v1/people", params={"limit": 2}).json()
    second = house.client.get("/v1/people", params={"limit": 2, "after": first["next"]}).json()

    ids = [one["id"] for one in (*first["people"], *second["people"])]
    assert ids == sorted(house.ids.values())
    assert second["next"] is None


def test_teams_are_written_down_renamed_and_keep_their_side(house: House) -> None:
    added = team(house, "growth", "marketing")
    again = team(house, "growth", "sales")
    renamed = house.client.put("/v1/teams/growth", json={"name": "Growth and brand"})
    moved = house.client.put("/v1/teams/growth", json={"name": "G", "side": "sales"})

    assert [a.status_code for a in (added, again, renamed, moved)] == [201, 409, 200, 422]
    assert renamed.json() == added.json() | {"name": "Growth and brand"}
    assert house.client.get("/v1/teams").json() == {"teams": [renamed.json()]}


def test_who_added_a_person_is_written_down(house: House) -> None:
    with house.signed_in("stu", "steward") as stu:
        stu.send("POST", "/v1/people", json=person("new", "leader")).raise_for_status()

    by = dict(house.sql("SELECT name, created_by FROM people"))
    assert by == {"Stu": None, "New": house.ids["stu"]}
