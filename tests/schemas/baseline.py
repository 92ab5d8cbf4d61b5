"""The published contracts as they were: in the commits that the working tree must stay true to."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = "schemas/published"


def baselines(root: Path = ROOT) -> list[str]:
    """Commits to compare with: last release, the base branch, the parent, and the last commit.

    A fresh clone has fewer of them, and a repository without a commit has none.
    """
    names = (
        _git(root, "describe", "--tags", "--abbrev=0"),
        _git(root, "merge-base", "HEAD", "origin/HEAD"),
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD^"),
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD"),
    )
    commits = (_git(root, "rev-parse", f"{name}^{{commit}}") for name in names if name)
    return list(dict.fromkeys(commit for commit in commits if commit))


def published_at(commit: str, root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The schemas published at that commit, by file name."""
    listed = _git(root, "ls-tree", "--name-only", commit, f"{FOLDER}/") or ""
    return {
        Path(path).name: json.loads(_git(root, "show", f"{commit}:{path}") or "")
        for path in listed.splitlines()
        if path.endswith(".schema.json")
    }


def plain_environment() -> dict[str, str]:
    """The environment without what a git hook sets: it would point git at another repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def _git(root: Path, *arguments: str) -> str | None:
    """What git answers, or None where it has no answer."""
    answer = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=plain_environment(),
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
