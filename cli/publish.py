"""Writes the published contracts from the types, or tells whether they are up to date."""

import argparse
from pathlib import Path

from cli.reporting import CONSOLE, OUTPUT
from schemas.publish import published_files

FOLDER = Path(__file__).parents[1] / "schemas" / "published"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to write and whether only to compare."""
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where the published files are kept"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 where a file differs"
    )


def run(args: argparse.Namespace) -> int:
    """Write what differs, or only name it."""
    files = published_files()
    differing = sorted(differing_files(args.folder, files))
    for name in differing:
        OUTPUT.print(name, markup=False)
    if args.check:
        CONSOLE.print(f"{len(differing)} of {len(files)} published files differ.")
        return 1 if differing else 0
    _write(args.folder, {name: files.get(name) for name in differing})
    CONSOLE.print(f"{len(differing)} of {len(files)} published files written.")
    return 0


def differing_files(folder: Path, files: dict[str, str]) -> set[str]:
    """Names of files that are missing, differ, or should not be there."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return {name for name in files.keys() | found.keys() if files.get(name) != found.get(name)}


def _write(folder: Path, files: dict[str, str | None]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text, encoding="utf-8")
