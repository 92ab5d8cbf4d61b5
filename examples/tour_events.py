"""Prints one batch of CloudEvents for the README's tour: 400 accounts, exposed over a year.

Every run prints the same events, so sending them twice adds nothing.
"""

import json
import random
from datetime import UTC, datetime, timedelta

ACCOUNTS = 400
START = datetime(2026, 1, 2, 9, tzinfo=UTC)
ACCEPTED = {"statement": 0.20, "question": 0.45}


def event(number: int, kind: str, at: datetime, account: str, **data: str) -> dict[str, object]:
    """Return one CloudEvent in structured mode."""
    return {
        "specversion": "1.0",
        "id": f"tour-{kind}-{number}",
        "source": "tour",
        "type": kind,
        "time": at.isoformat(),
        "account": account,
        "data": data,
    }


def main() -> None:
    """Print the batch."""
    chance = random.Random(7)
    events = []
    for number in range(ACCOUNTS):
        account = f"account-{number}.example"
        variant = chance.choice(("statement", "question"))
        exposed_at = START + timedelta(hours=12 * number)
        exposure = event(
            number, "experiment.exposure", exposed_at, account,
            experiment="subject-line", variant=variant,
        )  # fmt: skip
        events.append(exposure)
        if chance.random() < ACCEPTED[variant]:
            accepted_at = exposed_at + timedelta(days=chance.randint(1, 13))
            events.append(event(number, "lead.accepted", accepted_at, account))
    print(json.dumps(events))


if __name__ == "__main__":
    main()
