"""Webhooks are told of everything, at least once and under one id, whatever breaks in between."""

import base64
import hashlib
import hmac
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import psycopg
import pytest

from api import webhook_delivery, webhook_retries
from api.webhook_retries import MOST_ATTEMPTS
from api.webhook_secrets import Vault
from api.webhook_sender import TOTAL_SECONDS
from schemas.insight_sentences import alarm_of_source, experiment_started
from schemas.insights import decode_insight
from storage.webhooks import Wanted
from tests.api.receiver import Behaviour, answering, breaking_off, hanging, receiver
from tests.api.webhook_owing import SECRET, Owing

pytestmark = pytest.mark.stack
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def owing(database: str, monkeypatch: pytest.MonkeyPatch) -> Owing:
    """A database, and tries that follow each other at once."""
    monkeypatch.setattr(webhook_retries, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(webhook_delivery, "IDLE_SECONDS", 0.05)
    # What a test leaves half sent is soon sent again; requests end after 0.8 seconds here.
    monkeypatch.setattr(webhook_delivery, "LEASE", timedelta(seconds=2))
    return Owing(database)


def test_what_happened_is_sent_signed_under_the_id_of_the_insight(owing: Owing) -> None:
    with receiver() as there:
        owing.webhook(there.url)
        (insight,) = owing.happen(experiment_started("spring-mail", "Spring mail"))
        owing.deliver_until(lambda: owing.states() == ["delivered"])

    (one,) = there.received
    signed = f"{insight}.{one.headers['webhook-timestamp']}.".encode() + one.body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert one.headers["webhook-signature"] == f"v1,{expected}"
    assert one.headers["webhook-id"] == insight
    assert abs(int(one.headers["webhook-timestamp"]) - time.time()) < 60
    assert one.headers["content-type"] == "application/cloudevents+json"
    assert decode_insight(one.body).id == insight
    assert decode_insight(one.body).data == experiment_started("spring-mail", "Spring mail")


@pytest.mark.parametrize(
    ("behave", "outcome"),
    [
        (answering(500), "refused"),
        (answering(302, Location="/elsewhere"), "redirected"),
        (breaking_off, "cut_off"),
        (hanging(1.0), "timed_out"),
    ],
)
def test_what_did_not_come_through_is_sent_again_under_the_same_id(
    owing: Owing, behave: Behaviour, outcome: str
) -> None:
    with receiver(behave) as there:
        owing.webhook(there.url)
        (insight,) = owing.start()
        owing.deliver_until(lambda: len(there.received) >= 2)
        there.behave = answering(200)
        owing.deliver_until(lambda: owing.states() == ["delivered"])

    assert set(there.ids) == {insight}
    assert owing.outcomes()[0] == outcome
    assert owing.outcomes()[-1] == "delivered"
    assert owing.rows("SELECT failing_since FROM webhooks") == [(None,)]


def test_a_receiver_that_comes_up_later_is_told_of_what_it_missed(owing: Owing) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    owing.webhook(f"http://127.0.0.1:{port}/hook")
    (insight,) = owing.start()
    owing.deliver_until(lambda: len(owing.outcomes()) >= 2)

    with receiver(port=port) as there:
        owing.deliver_until(lambda: owing.states() == ["delivered"])

    assert there.ids == [insight]
    assert owing.outcomes()[:2] == ["unreachable", "unreachable"]


def test_a_receiver_that_hangs_delays_no_other(owing: Owing) -> None:
    with receiver(hanging(5)) as slow, receiver() as quick:
        owing.webhook(slow.url)
        owing.webhook(quick.url)
        owing.start(30)
        began = time.monotonic()
        owing.deliver_until(lambda: len(quick.received) == 30, request_seconds=6.0)
        took = time.monotonic() - began

    assert took < 4
    assert len(slow.received) <= webhook_delivery.OF_EACH


def test_a_receiver_that_has_answered_is_sent_the_next_at_once(
    owing: Owing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "IDLE_SECONDS", 10.0)
    with receiver() as there:
        owing.webhook(there.url)
        owing.start(5 * webhook_delivery.OF_EACH)
        # The first look may come before the pool is open; no other pause may lie in between.
        owing.deliver_until(lambda: len(there.received) == 5 * webhook_delivery.OF_EACH, seconds=30)


def test_a_receiver_that_fails_is_asked_one_thing_at_a_time(owing: Owing) -> None:
    with receiver(answering(500)) as there:
        owing.webhook(there.url)
        owing.start()
        owing.deliver_until(lambda: len(there.received) >= 1 and bool(owing.outcomes()))
        owing.start(20)
        there.received.clear()
        there.behave = hanging(5)
        owing.deliver_until(lambda: len(there.received) >= 1)
        time.sleep(0.3)

    assert len(there.received) == 1


def test_a_process_that_is_killed_between_sending_and_settling_is_followed_by_another(
    owing: Owing, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = (
        "import asyncio, os, signal\n"
        "from datetime import timedelta\n"
        "from api import webhook_delivery\n"
        "from tests.api.webhook_owing import deliver\n"
        "webhook_delivery.LEASE = timedelta(seconds=1)\n"
        "webhook_delivery._settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"asyncio.run(deliver({owing.database!r}))\n"
    )
    with receiver() as there:
        owing.webhook(there.url)
        (insight,) = owing.start()
        ended = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, timeout=200, check=False)
        between = (there.ids, owing.states(), owing.outcomes())
        owing.deliver_until(lambda: owing.states() == ["delivered"])

    assert ended.returncode == -signal.SIGKILL
    assert between == ([insight], ["waiting"], [])
    assert there.ids == [insight, insight]
    assert owing.outcomes() == ["delivered"]


def test_two_processes_share_the_work_and_send_nothing_twice(owing: Owing) -> None:
    with receiver() as one, receiver() as other:
        owing.webhook(one.url)
        owing.webhook(other.url)
        insights = owing.start(60)
        owing.deliver_until(lambda: set(owing.states()) == {"delivered"}, processes=2, seconds=30)

    assert sorted(one.ids) == sorted(insights)
    assert sorted(other.ids) == sorted(insights)


def test_a_lost_connection_to_the_database_ends_nothing(owing: Owing) -> None:
    ended = Event()

    def end_connections_at_first(handler: BaseHTTPRequestHandler) -> None:
        if not ended.is_set():
            with psycopg.connect(owing.database, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            ended.set()
        answering(200)(handler)

    with receiver(end_connections_at_first) as there:
        owing.webhook(there.url)
        (insight,) = owing.start()
        owing.deliver_until(ended.is_set)
        owing.deliver_until(lambda: owing.states() == ["delivered"])

    assert set(there.ids) == {insight}


def test_after_the_last_try_it_is_dead_and_the_webhook_is_disabled_with_an_insight(
    owing: Owing,
) -> None:
    with receiver(answering(500)) as there, receiver() as watching:
        hook = owing.webhook(there.url)
        disabled = Wanted(kinds={"insight.webhook_disabled"}, experiments=(), note="")
        owing.webhook(watching.url, wanted=disabled)
        owing.start()
        owing.deliver_until(lambda: owing.states() == ["dead", "delivered"], seconds=30)

    assert len(there.received) == MOST_ATTEMPTS
    assert len(watching.received) == 1
    assert owing.rows(f"SELECT is_active, disabled_reason FROM webhooks WHERE id = '{hook}'") == [
        (False, "failing")
    ]
    (told,) = owing.insights("insight.webhook_disabled")
    assert (told["webhook"], told["reason"]) == (str(hook), "failing")


def test_a_webhook_to_which_other_things_come_through_is_not_disabled(owing: Owing) -> None:
    def unless_poison(handler: BaseHTTPRequestHandler) -> None:
        answering(500 if b"poison" in there.received[-1].body else 200)(handler)

    with receiver(unless_poison) as there:
        owing.webhook(there.url)
        owing.happen(experiment_started("poison", "poison"))
        owing.deliver_until(lambda: len(there.received) >= 2)
        owing.start()
        owing.deliver_until(lambda: owing.states() == ["dead", "delivered"], seconds=30)

    assert owing.rows("SELECT is_active FROM webhooks") == [(True,)]


def test_a_receiver_that_is_gone_is_sent_nothing_more(owing: Owing) -> None:
    with receiver(answering(410)) as there:
        owing.webhook(there.url)
        owing.start(3)
        owing.deliver_until(lambda: owing.states() == ["dead"] * 3)
        owing.start()

    assert owing.states() == ["dead"] * 3
    assert owing.rows("SELECT disabled_reason FROM webhooks") == [("gone",)]


def test_a_webhook_deleted_while_it_is_sent_to_leaves_nothing(owing: Owing) -> None:
    with receiver(hanging(0.5)) as there:
        owing.webhook(there.url)
        owing.start()

        def delete_once() -> bool:
            if there.received:
                with psycopg.connect(owing.database) as connection:
                    connection.execute("DELETE FROM webhooks")
                return True
            return False

        owing.deliver_until(delete_once)

    assert owing.states() == []
    assert owing.outcomes() == []


def test_each_webhook_gets_the_kinds_and_experiments_that_it_asks_for(owing: Owing) -> None:
    with receiver() as alarms, receiver() as spring, receiver() as everything:
        owing.webhook(alarms.url, wanted=Wanted(kinds={"insight.alarm"}, experiments=(), note=""))
        owing.webhook(spring.url, wanted=Wanted(kinds=(), experiments={"spring"}, note=""))
        owing.webhook(everything.url)
        started, other, alarm = owing.happen(
            experiment_started("spring", "Spring"),
            experiment_started("autumn", "Autumn"),
            alarm_of_source("web", is_raised=True),
        )
        owing.deliver_until(lambda: set(owing.states()) == {"delivered"})

    assert alarms.ids == [alarm]
    assert spring.ids == [started]
    assert sorted(everything.ids) == sorted([started, other, alarm])


def test_a_secret_that_cannot_be_opened_is_no_fault_of_the_receiver(owing: Owing) -> None:
    with receiver() as there:
        owing.webhook(there.url, vault=Vault(["the-key-that-was-lost"]))
        owing.start()
        owing.deliver_until(lambda: len(owing.outcomes()) >= 2)

    assert set(owing.outcomes()) == {"unreadable_secret"}
    assert there.received == []
    assert owing.rows("SELECT is_active, failing_since FROM webhooks") == [(True, None)]


LEASE = webhook_delivery.LEASE


def test_a_lease_outlasts_every_request() -> None:
    assert timedelta(seconds=2 * TOTAL_SECONDS) <= LEASE
