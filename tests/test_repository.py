"""The repository keeps its own word: dependencies explained, documents and code agree."""

import re
import tomllib
from pathlib import Path

from schemas.catalog import TOPICS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "schemas", "inference", "attribution", "transparency", "storage", "stream_processors", "api",
    "cli", "observability",
)  # fmt: skip


def dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {re.split(r"[\[<>=]", line, maxsplit=1)[0] for line in listed}


def test_every_dependency_has_its_reason_in_the_decision_record() -> None:
    record = (ROOT / "docs/decisions/0001-dependencies.md").read_text()

    missing = {name for name in dependencies() if not re.search(rf"\b{name}\b", record)}

    assert missing == set()


def test_every_dependency_is_locked_with_hashes() -> None:
    lock = (ROOT / "requirements/dev.txt").read_text()

    unlocked = {name for name in dependencies() if f"\n{name}==" not in f"\n{lock}"}

    assert unlocked == set()
    assert lock.count("\n    --hash=sha256:") > lock.count("==")


def test_decisions_are_numbered_without_gap_and_name_what_enforces_them() -> None:
    records = sorted((ROOT / "docs/decisions").glob("*.md"))

    numbers = [int(record.name[:4]) for record in records]

    assert numbers == list(range(1, len(records) + 1))
    assert [r.name for r in records if "## Enforced by" not in r.read_text()] == []


def test_the_architecture_names_every_package_and_only_those() -> None:
    text = (ROOT / "docs/architecture.md").read_text()

    named = set(re.findall(r"^\| `(\w+)/`", text, flags=re.MULTILINE))

    assert set(PACKAGES) <= named
    assert all((ROOT / name).is_dir() for name in named)


def test_files_that_the_documents_name_exist() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    pattern = re.compile(
        r"`((?:schemas|inference|attribution|storage|stream_processors|api|cli|tests|benchmarks|"
        r"docs|examples|requirements)/[\w./-]+)`"
    )

    missing = {
        f"{document.name}: {path}"
        for document in documents
        for path in pattern.findall(document.read_text())
        if not (ROOT / path).exists()
    }

    assert missing == set()


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]

    broken = {
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", without_code(document.read_text()))
        if not (document.parent / target).exists()
    }

    assert broken == set()


def test_every_topic_has_a_row_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [topic.name for topic in TOPICS if f"| `{topic.name}` |" not in readme] == []


def test_only_edges_commit() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bconn(ection)?\.commit\(", path.read_text())
    ]

    assert offenders == []


def test_nothing_in_the_compose_file_is_left_without_a_health_check_or_an_end() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()

    services = re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", compose.split("\nservices:\n")[1], re.M)

    described = {name for name, body in services if "healthcheck:" in body or "depends_on:" in body}
    assert described >= {"kafka", "postgres", "migrate", "worker", "api"}
    assert "sleep" not in compose
