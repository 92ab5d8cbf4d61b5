"""The simulated company speaks the contracts only, and reads no clock, file or network."""

import ast
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "cli" / "company"
ALLOWED = {"schemas", "numpy", "msgspec"}
IMPURE = {"os", "time", "random", "secrets", "socket", "asyncio", "pathlib", "subprocess", "uuid"}


def test_the_company_imports_the_contracts_and_nothing_that_is_not_pure() -> None:
    imported = {name for path in PACKAGE.glob("*.py") for name in _imports(path)}

    foreign = {
        name
        for name in imported
        if not name.startswith("cli.company") and name.partition(".")[0] not in ALLOWED
    }
    assert {name.partition(".")[0] for name in foreign} <= sys.stdlib_module_names - IMPURE
    assert "schemas.codec" in imported


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found
