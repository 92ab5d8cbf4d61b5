"""The configuration files of the embedded broker, as pure text."""

from dataclasses import dataclass
from pathlib import Path

from cli.ports import LOOPBACK


@dataclass(frozen=True)
class BrokerPorts:
    """The two listeners of a single node: for clients and for its own controller."""

    clients: int
    controller: int


def server_properties(ports: BrokerPorts, data: Path) -> str:
    """Return server.properties of a single node whose ports may differ at every start."""
    clients = f"PLAINTEXT://{LOOPBACK}:{ports.clients}"
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        # A static quorum is read from here, not from the log: so the port may change.
        "controller.quorum.voters": f"1@{LOOPBACK}:{ports.controller}",
        "listeners": f"{clients},CONTROLLER://{LOOPBACK}:{ports.controller}",
        "advertised.listeners": clients,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": _escaped(data),
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
        # The default of 128 MiB is a quarter of our heap.
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def log4j_properties(log: Path) -> str:
    """Return a Log4j configuration: one rolling file, and problems on the console as well."""
    return f"""\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {_escaped(log)}
appender.file.filePattern = {_escaped(log)}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %m (%c)%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{{ISO8601}} %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
rootLogger.appenderRef.console.ref = console
rootLogger.appenderRef.console.level = error
"""


def _escaped(path: Path) -> str:
    """Write a path for a .properties file, where a backslash escapes."""
    return str(path).replace("\\", "\\\\")
