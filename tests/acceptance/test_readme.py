"""The README's tour works word for word: its blocks are run as a new user would paste them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.settings import VARIABLES
from tests.services import open_directory

ROOT = Path(__file__).resolve().parents[2]
SET_UP = "make setup"

pytestmark = pytest.mark.timeout(240)


def blocks() -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)


def test_the_five_minute_tour_works_word_for_word() -> None:
    script = "\n".join(f"echo '### block {n}'\n{block}" for n, block in enumerate(blocks()))
    assert SET_UP in script  # the environment that runs this test is what it would make

    with open_directory("roundtable-readme-") as directory:
        (directory / ".venv").symlink_to(sys.prefix)
        (directory / "examples").symlink_to(ROOT / "examples")
        done = subprocess.run(
            ["bash", "-eu", "-c", script.replace(SET_UP, "true")],
            cwd=directory,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=220,
            check=False,
        )

    said = dict(enumerate(re.split(r"### block \d+\n", done.stdout)[1:]))
    assert done.returncode == 0, done.stderr
    assert '"accepted":532' in said[3]
    assert "better" in said[4]
    assert "event: reading" in said[5]
    assert said[6].strip() in said[4]


def _environment() -> dict[str, str]:
    ours = {variable.name for variable in VARIABLES} | {"ROUNDTABLE_URL"}
    return {name: value for name, value in os.environ.items() if name not in ours}
