"""One table gives the same rows from every format; what is broken is reported in its place."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.replaying.csv_rows import HeaderError
from cli.replaying.mapping import FileOptions
from cli.replaying.parquet_rows import ParquetError
from cli.replaying.row_files import RowFileError, open_rows
from cli.replaying.rows import Row, UnreadableRow
from tests.replay.small_mappings import gzipped

EXPECTED = [
    {"name": "Åsa", "amount": "0.10", "count": "3", "note": ""},
    {"name": "Bo, jr", "amount": "29.99", "count": "4", "note": "new\nline"},
]


def as_csv(directory: Path) -> Path:
    path = directory / "table.csv"
    path.write_text('name,amount,count,note\nÅsa,0.10,3,\n"Bo, jr",29.99,4,"new\nline"\n', "utf-8")
    return path


def as_jsonl(directory: Path) -> Path:
    path = directory / "table.jsonl"
    lines = [
        '{"name": "Åsa", "amount": 0.10, "count": 3, "note": null}',
        '{"name": "Bo, jr", "amount": 29.99, "count": 4, "note": "new\\nline"}',
    ]
    path.write_text("\n\n".join(lines) + "\n", "utf-8")
    return path


def as_parquet(directory: Path) -> Path:
    path = directory / "table.parquet"
    columns = {
        "name": ["Åsa", "Bo, jr"],
        "amount": pa.array([Decimal("0.10"), Decimal("29.99")], pa.decimal128(10, 2)),
        "count": [3, 4],
        "note": [None, "new\nline"],
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("write", [as_csv, as_jsonl, as_parquet])
def test_a_table_gives_the_same_rows_in_every_format(
    write: "type[as_csv]", compressed: bool, tmp_path: Path
) -> None:
    path = gzipped(write(tmp_path)) if compressed else write(tmp_path)

    with open_rows(path, FileOptions()) as file:
        rows = list(file.rows)

    assert [row.cells for row in rows if isinstance(row, Row)] == EXPECTED
    assert [row.number for row in rows] == [1, 2]
    assert file.columns == ("name", "amount", "count", "note")
    assert file.fraction_read() == pytest.approx(1.0)


def test_a_row_of_another_width_is_reported_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n3\n4,5,6\n\n7,8\n")

    with open_rows(path, FileOptions()) as file:
        rows = list(file.rows)

    assert rows == [
        Row(1, {"a": "1", "b": "2"}),
        UnreadableRow(2, "another number of cells than the header", "1 cells, 2 columns"),
        UnreadableRow(3, "another number of cells than the header", "3 cells, 2 columns"),
        Row(4, {"a": "7", "b": "8"}),
    ]


def test_a_line_that_is_no_object_is_reported_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": {"b": 1, "c": [1.50, true]}}\n[1]\nnonsense\n{"a": {"b": 2}}\n')

    with open_rows(path, FileOptions()) as file:
        rows = list(file.rows)

    assert rows[0] == Row(1, {"a.b": "1", "a.c": '["1.50",true]'})
    assert [type(row) for row in rows[1:3]] == [UnreadableRow, UnreadableRow]
    assert rows[3] == Row(4, {"a.b": "2", "a.c": ""})


def test_a_delimiter_and_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes("name;n\nÅsa;1\n".encode("cp1252"))
    options = FileOptions(format="csv", delimiter=";", encoding="cp1252")

    with open_rows(path, options) as file:
        (row,) = file.rows

    assert isinstance(row, Row)
    assert row.cells == {"name": "Åsa", "n": "1"}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbfa\n1\n")

    with open_rows(path, FileOptions()) as file:
        assert file.columns == ("a",)


def test_an_unknown_name_asks_for_the_format(tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    path.write_bytes(b"")

    with pytest.raises(RowFileError, match="ends in none of"), open_rows(path, FileOptions()):
        pass


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(RowFileError, match=r"gone\.csv: No such file"),
        open_rows(tmp_path / "gone.csv", FileOptions()),
    ):
        pass


def test_a_file_that_is_not_compressed_at_all_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_text("a\n1\n")

    with pytest.raises(RowFileError, match=r"rows\.csv\.gz"), open_rows(path, FileOptions()):
        pass


def test_a_file_that_was_cut_off_is_no_shorter_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    whole = gzip.compress(("a\n" + "".join(f"{n * n}\n" for n in range(5_000))).encode())
    path.write_bytes(whole[: len(whole) // 2])

    with open_rows(path, FileOptions()) as file, pytest.raises(RowFileError, match="in the middle"):
        list(file.rows)


@pytest.mark.parametrize(("text", "rule"), [("", "is empty"), ("a,b,a\n", "a more than once")])
def test_a_header_names_every_column_once(text: str, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)

    with pytest.raises(HeaderError, match=rule), open_rows(path, FileOptions()):
        pass


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_text(json.dumps({"a": 1}))

    with pytest.raises(ParquetError, match="no Parquet"), open_rows(path, FileOptions()):
        pass


def test_the_caller_s_own_errors_pass_through(tmp_path: Path) -> None:
    path = as_csv(tmp_path)

    with pytest.raises(ConnectionResetError), open_rows(path, FileOptions()):
        raise ConnectionResetError
