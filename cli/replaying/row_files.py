"""Opens a file of rows, whatever its format, compressed or not."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from cli.replaying.csv_rows import read_csv
from cli.replaying.jsonl_rows import read_jsonl
from cli.replaying.mapping import FileOptions
from cli.replaying.parquet_rows import read_parquet
from cli.replaying.rows import Row, RowFile, UnreadableRow
from cli.stack_error import StackError

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


class RowFileError(StackError):
    """A file that cannot be read as rows."""


@contextmanager
def open_rows(path: Path, options: FileOptions) -> Iterator[RowFile]:
    """Yield the rows of a file; what is wrong with the file as a whole is a RowFileError."""
    format_name = options.format or _format_of(path)
    with ExitStack() as layers:
        with _explained(path):
            opened = _open(layers, path, format_name, options)
        yield RowFile(opened.columns, _explained_rows(opened.rows, path), opened.fraction_read)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        reason = error.strerror if isinstance(error, OSError) else None
        raise RowFileError(f"{path}: {reason or error}.") from error
    except EOFError as error:
        raise RowFileError(f"{path} ends in the middle of its compressed data.") from error
    except UnicodeError as error:
        raise RowFileError(f"{path}: {error}. Name its encoding in the mapping.") from error


def _explained_rows(
    rows: Iterator[Row | UnreadableRow], path: Path
) -> Iterator[Row | UnreadableRow]:
    with _explained(path):
        yield from rows


def _open(layers: ExitStack, path: Path, format_name: str, options: FileOptions) -> RowFile:
    raw = layers.enter_context(path.open("rb"))
    size = max(path.stat().st_size, 1)
    content: BinaryIO = raw
    if path.suffix == ".gz":
        content = cast(BinaryIO, layers.enter_context(gzip.GzipFile(fileobj=raw)))

    def fraction_read() -> float:
        return 1.0 if raw.closed else raw.tell() / size

    if format_name == "csv":
        text = layers.enter_context(_text(content, options.encoding))
        return read_csv(text, options.delimiter, fraction_read)
    if format_name == "jsonl":
        return read_jsonl(content, fraction_read)
    # Parquet is read from its end: compressed as a whole it has to be unpacked first.
    return read_parquet(content if content is raw else io.BytesIO(content.read()))


def _text(content: BinaryIO, encoding: str) -> io.TextIOWrapper:
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    # A byte that is no text must not end the file: its row is refused when it is encoded.
    return io.TextIOWrapper(content, encoding=name, errors="surrogateescape", newline="")


def _format_of(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    found = FORMATS.get(suffixes[-1]) if suffixes else None
    if found is None:
        known = ", ".join(FORMATS)
        raise RowFileError(
            f"{path}: its name ends in none of {known} (with .gz or without); "
            'name the format in the mapping: [file] format = "csv".'
        )
    return found
