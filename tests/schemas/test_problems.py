import json

import msgspec

from schemas.problems import Problem, Verdict


def test_a_problem_says_only_what_there_is_to_say() -> None:
    verdicts = (
        Verdict(index=0, verdict="accepted", id="1", source="crm"),
        Verdict(index=1, verdict="refused", field="time", rule="no_offset", detail="end it in Z"),
    )
    problem = Problem(title="Some events were refused", status=422, verdicts=verdicts)

    written = json.loads(msgspec.json.encode(problem))

    assert written == {
        "title": "Some events were refused",
        "status": 422,
        "verdicts": [
            {"index": 0, "verdict": "accepted", "id": "1", "source": "crm"},
            {
                "index": 1,
                "verdict": "refused",
                "field": "time",
                "rule": "no_offset",
                "detail": "end it in Z",
            },
        ],
    }
