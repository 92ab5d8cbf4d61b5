"""`roundtable verify`: recomputes every figure from the stored events and the log, and compares.

Exit code 0: nothing differs; 1: something does; 2: it could not be looked at. A failure never looks
like a result.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from psycopg_pool import PoolTimeout

from cli.data_dir import add_data_dir
from cli.replaying.progress import shown_progress
from cli.reporting import CONSOLE, OUTPUT, print_json
from cli.services import Services
from cli.settings import Settings
from cli.stack import locate_services
from cli.stack_error import StackError
from cli.topics import topic_states
from cli.verification_report import report_of
from cli.verify_metrics import VerifyMetrics
from schemas.catalog import EVENTS
from storage import migrate
from storage.kafka_trouble import KafkaTroubleError
from storage.log_records import LogUnreadableError, open_log
from storage.pool import open_pool
from storage.verification import Progress, Topic, UnknownExperimentError, Verification, verify
from stream_processors.topics import TopicNotReadyError, topic_ids

CLEAN, DIFFERS, FAILED = 0, 1, 2
# What these say is enough to act on; anything else shows where it came from.
EXPLAINED = (
    *(psycopg.Error, PoolTimeout, KafkaError, AioKafkaError, KafkaTroubleError, OSError),
    *(LogUnreadableError, TopicNotReadyError, migrate.MigrationError),
)


class VerifyError(StackError):
    """What is stored could not be looked at, so nothing is known of it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--experiment", metavar="KEY", help="only the figures of this experiment")
    parser.add_argument(
        "--without-topic", action="store_true", help="leave out whether the log is all stored"
    )
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    parser.add_argument(
        "--metrics-file", type=Path, metavar="FILE", help="write the result for Prometheus too"
    )
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Verify beside whatever runs, and print what was found."""
    if args.metrics_file is not None and args.experiment is not None:
        raise VerifyError("--metrics-file tells of all experiments: leave out --experiment.")
    services = locate_services(args.data_dir, Settings.from_env(os.environ))
    try:
        found = _verified(args, services)
    except UnknownExperimentError as error:
        raise VerifyError(f"No experiment {error.args[0]!r} counts anything.") from error
    except EXPLAINED as error:
        raise VerifyError(f"It could not be verified: {error or type(error).__name__}") from error
    except Exception as error:
        if isinstance(error, StackError):
            raise
        CONSOLE.print_exception()
        return FAILED
    if args.metrics_file is not None:
        VerifyMetrics(CollectorRegistry()).write(found, args.metrics_file)
    if args.json:
        print_json(found)
    else:
        OUTPUT.print(report_of(found), markup=False)
    return CLEAN if found.is_clean else DIFFERS


def _verified(args: argparse.Namespace, services: Services) -> Verification:
    missing = migrate.pending(services.database)
    if missing:
        raise VerifyError(f"The database lacks {', '.join(missing)}: run `roundtable migrate`.")
    with_topic = not args.without_topic and args.experiment is None
    with shown_progress("Verifying") as advance:
        return asyncio.run(
            _verify(
                services,
                args.experiment,
                lambda done, total: advance(done, done / max(total, 1)),
                with_topic=with_topic,
            )
        )


async def _verify(
    services: Services, experiment: str | None, progress: Progress, *, with_topic: bool
) -> Verification:
    async with (
        _topic(services, wanted=with_topic) as topic,
        open_pool(services.database, name="roundtable-verify", size=1) as pool,
        pool.connection() as connection,
    ):
        return await verify(connection, topic=topic, experiment=experiment, progress=progress)


@asynccontextmanager
async def _topic(services: Services, *, wanted: bool) -> AsyncIterator[Topic | None]:
    if not wanted:
        yield None
        return
    access, name = services.kafka_access, EVENTS.name
    states = await asyncio.to_thread(topic_states, services.kafka, access)
    partitions = {state.topic.name: state.partitions for state in states}[name]
    ids = await asyncio.to_thread(topic_ids, services.kafka, [name], access=access)
    async with open_log(services.kafka, access) as reader:
        yield Topic(reader, name, ids[name], partitions)
