"""The access to Kafka is read once; what contradicts itself is named, and no secret is shown."""

import ssl
from pathlib import Path

import pytest

from api.settings import SettingError as ApiSettingError
from api.settings import Settings as ApiSettings
from cli.settings import SettingError as CliSettingError
from cli.settings import Settings as CliSettings
from storage.kafka_access import PLAINTEXT, VARIABLES, KafkaAccess, KafkaAccessError
from stream_processors.worker_settings import WorkerSettings
from tests.api.test_settings import REQUIRED
from tests.secured_kafka import Authority

SASL = {
    "ROUNDTABLE_KAFKA_SECURITY": "sasl_ssl",
    "ROUNDTABLE_KAFKA_SASL_MECHANISM": "scram-sha-512",
    "ROUNDTABLE_KAFKA_USER": "ada",
    "ROUNDTABLE_KAFKA_PASSWORD": "open-sesame",
}


def test_an_empty_environment_is_plain_text_without_a_sign_in() -> None:
    access = KafkaAccess.from_env({variable.name: "" for variable in VARIABLES})

    assert access == PLAINTEXT
    assert access.client_options() == {"security_protocol": "PLAINTEXT"}


def test_a_client_is_told_protocol_user_and_what_it_may_trust() -> None:
    options = KafkaAccess.from_env(SASL).client_options()

    context = options.pop("ssl_context")
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ada",
        "sasl_plain_password": "open-sesame",
    }
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_only_the_named_authority_is_trusted(tmp_path: Path) -> None:
    authority = Authority.made("authority", tmp_path)

    context = KafkaAccess(security="SSL", ca_file=authority.file).client_options()["ssl_context"]

    assert [found["subject"] for found in context.get_ca_certs()] == [
        ((("commonName", "authority"),),)
    ]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"ROUNDTABLE_KAFKA_SECURITY": "TLS"}, "ROUNDTABLE_KAFKA_SECURITY"),
        ({**SASL, "ROUNDTABLE_KAFKA_USER": ""}, "ROUNDTABLE_KAFKA_USER"),
        ({**SASL, "ROUNDTABLE_KAFKA_PASSWORD": ""}, "ROUNDTABLE_KAFKA_PASSWORD"),
        ({**SASL, "ROUNDTABLE_KAFKA_SASL_MECHANISM": ""}, "ROUNDTABLE_KAFKA_SASL_MECHANISM"),
        ({**SASL, "ROUNDTABLE_KAFKA_SASL_MECHANISM": "GSSAPI"}, "ROUNDTABLE_KAFKA_SASL_MECHANISM"),
        ({**SASL, "ROUNDTABLE_KAFKA_SECURITY": "SSL"}, "ROUNDTABLE_KAFKA_SASL_MECHANISM"),
        ({"ROUNDTABLE_KAFKA_PASSWORD": "x"}, "ROUNDTABLE_KAFKA_PASSWORD"),
        ({"ROUNDTABLE_KAFKA_CA_FILE": "/ca.pem"}, "ROUNDTABLE_KAFKA_CA_FILE"),
        ({**SASL, "ROUNDTABLE_KAFKA_KEY_FILE": "/key.pem"}, "ROUNDTABLE_KAFKA_KEY_FILE"),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_named_and_no_secret_is_repeated(
    environ: dict[str, str], name: str
) -> None:
    with pytest.raises(KafkaAccessError, match=f"^{name} ") as refused:
        KafkaAccess.from_env(environ)

    assert "open-sesame" not in str(refused.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
@pytest.mark.parametrize("name", ["ROUNDTABLE_KAFKA_CA_FILE", "ROUNDTABLE_KAFKA_CERTIFICATE_FILE"])
def test_a_file_that_cannot_be_used_is_named(
    name: str, content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    access = KafkaAccess.from_env({"ROUNDTABLE_KAFKA_SECURITY": "SSL", name: str(file)})

    with pytest.raises(KafkaAccessError, match=f"{name} names {file}, which cannot be used"):
        access.client_options()


def test_what_a_child_process_is_told_is_the_same_access(tmp_path: Path) -> None:
    access = KafkaAccess.from_env(
        SASL
        | {
            "ROUNDTABLE_KAFKA_CA_FILE": "/etc/ca.pem",
            "ROUNDTABLE_KAFKA_CERTIFICATE_FILE": "/etc/ours.pem",
            "ROUNDTABLE_KAFKA_KEY_FILE": "/etc/ours.key",
            "ROUNDTABLE_KAFKA_KEY_PASSWORD": "abracadabra",
        }
    )

    assert KafkaAccess.from_env(access.environ()) == access
    assert set(PLAINTEXT.environ()) == {variable.name for variable in VARIABLES}


def test_every_process_reads_it_and_none_shows_a_secret() -> None:
    environ = REQUIRED | SASL

    read = [
        ApiSettings.from_env(environ),
        WorkerSettings.from_env(environ),
        CliSettings.from_env(environ),
    ]

    assert {found.kafka_access for found in read} == {KafkaAccess.from_env(SASL)}
    shown = " ".join(repr(found) for found in read)
    assert "ada" in shown
    secrets = ["open-sesame", REQUIRED["ROUNDTABLE_TOKEN"], REQUIRED["ROUNDTABLE_HASH_KEY"]]
    assert [secret for secret in secrets if secret in shown] == []


def test_api_and_commands_name_the_setting_that_is_wrong() -> None:
    environ = REQUIRED | {"ROUNDTABLE_KAFKA_SECURITY": "TLS"}

    with pytest.raises(ApiSettingError, match="ROUNDTABLE_KAFKA_SECURITY"):
        ApiSettings.from_env(environ)
    with pytest.raises(CliSettingError, match="ROUNDTABLE_KAFKA_SECURITY"):
        CliSettings.from_env(environ)
