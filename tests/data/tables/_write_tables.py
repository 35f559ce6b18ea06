"""Writes random tables by pandas, pyarrow and datasets, and what they hold.

Arguments: folder, number of tables a form, seed. Prints a JSON list of
{file, options, columns, rows}: integers and decimals as text, None as null.
"""

import json
import random
import sys
from decimal import Decimal
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
written = []

PLAIN = "abc xyz,;|\t\"'\n&{}[]:\\/-0159.eE"
LATIN = PLAIN + "éßÄñ½£"
WIDE = LATIN + "日本語Жλ€😀\u2028\u0000\u200b"


def text(letters, least=0):
    return "".join(rng.choices(letters, k=rng.randint(least, 12)))


def whole(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return rng.choice([low, high, rng.randint(low, high), rng.randint(0, 9)])


def decimals():
    precision = rng.randint(1, 38)
    scale = rng.randint(0, precision)
    limit = 10**precision - 1
    return pa.decimal128(precision, scale), lambda: Decimal(
        rng.randint(-limit, limit)
    ).scaleb(-scale, context=__import__("decimal").Context(prec=60))


def kind(depth=0):
    """A random type and how to draw its values."""
    choice = rng.randrange(12 if depth < 2 else 8)
    if choice == 0:
        return rng.choice([pa.string(), pa.large_string()]), lambda: text(WIDE)
    if choice == 1:
        bits, signed = rng.choice([8, 16, 32, 64]), rng.random() < 0.5
        named = getattr(pa, f"{'' if signed else 'u'}int{bits}")()
        return named, lambda: whole(bits, signed)
    if choice == 2:
        return decimals()
    if choice == 3:
        return pa.float64(), lambda: rng.choice([0.5, -1e300, 0.1, rng.random()])
    if choice == 4:
        return pa.bool_(), lambda: rng.random() < 0.5
    if choice == 5:
        return pa.binary(), lambda: text(WIDE).encode()
    if choice == 6:
        return pa.dictionary(pa.int32(), pa.string()), lambda: rng.choice(["one", "zwei", "三"])
    if choice == 7:
        return pa.string(), lambda: text(LATIN)
    if choice in (8, 9):
        inner, draw = kind(depth + 1)
        while pa.types.is_dictionary(inner):
            inner, draw = kind(depth + 1)
        return pa.list_(inner), lambda: [
            None if rng.random() < 0.1 else draw() for _ in range(rng.randint(0, 3))
        ]
    fields = {name: kind(depth + 1) for name in "ab"}
    fields = {
        name: (pa.string(), lambda: text(WIDE)) if pa.types.is_dictionary(inner) else (inner, draw)
        for name, (inner, draw) in fields.items()
    }
    return pa.struct([(name, inner) for name, (inner, _) in fields.items()]), lambda: {
        name: draw() for name, (_, draw) in fields.items()
    }


def expected(value):
    if isinstance(value, bool) or value is None or isinstance(value, (float, str)):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [expected(item) for item in value]
    return {key: expected(item) for key, item in value.items()}


def note(file, columns, rows, **options):
    written.append({"file": file, "columns": columns, "rows": rows, "options": options})


def arrow_table():
    length = rng.randint(1, 40)
    columns = {}
    for i in range(rng.randint(1, 5)):
        type, draw = kind()
        values = [None if rng.random() < 0.15 else draw() for _ in range(length)]
        columns[f"c{i}"] = pa.array(values, type)
    return pa.table(columns)


def note_arrow(file, table):
    rows = [[expected(cell) for cell in row.values()] for row in table.to_pylist()]
    note(file, table.column_names, rows)


ENCODINGS = {
    "BYTE_ARRAY": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
    "FIXED_LEN_BYTE_ARRAY": ["PLAIN", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"],
    "INT32": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "INT64": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "FLOAT": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "DOUBLE": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "BOOLEAN": ["PLAIN", "RLE"],
}


def column_forms(table, integers):
    """An encoding for some columns, a dictionary or the default for the others."""
    trial = pa.BufferOutputStream()
    pq.write_table(table, trial, store_decimal_as_integer=integers)
    schema = pq.ParquetFile(pa.BufferReader(trial.getvalue())).schema
    encodings, dictionaries = {}, []
    for k in range(len(schema.names)):
        column = schema.column(k)
        choice = rng.random()
        if choice < 0.6:
            encodings[column.path] = rng.choice(ENCODINGS[column.physical_type])
        elif choice < 0.8:
            dictionaries.append(column.path)
    return {"column_encoding": encodings, "use_dictionary": dictionaries}


def write_parquet(i):
    table = arrow_table()
    file = f"{i}.parquet"
    integers = rng.random() < 0.5
    pq.write_table(
        table,
        folder / file,
        **column_forms(table, integers),
        compression=rng.choice(["none", "snappy", "gzip", "brotli", "zstd", "lz4"]),
        data_page_version=rng.choice(["1.0", "2.0"]),
        row_group_size=rng.randint(1, 40),
        data_page_size=rng.choice([64, 1 << 20]),
        store_decimal_as_integer=integers,
        store_schema=rng.random() < 0.5,
    )
    note_arrow(file, table)


def write_arrow(i):
    table = arrow_table()
    file = f"{i}.arrow"
    new = rng.choice([pa.ipc.new_stream, pa.ipc.new_file])
    with new(folder / file, table.schema) as writer:
        writer.write_table(table, max_chunksize=rng.randint(1, 40))
    note_arrow(file, table)


def texts(letters):
    columns = ["query", "passage", "note"][: rng.randint(2, 3)]
    rows = [[text(letters, 1) for _ in columns] for _ in range(rng.randint(1, 20))]
    return columns, rows


def write_csv(i):
    encoding = rng.choice(["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-be"])
    wide = encoding.startswith("utf")
    columns, rows = texts(WIDE.replace("\0", "") if wide else LATIN)
    sep = rng.choice(",;\t|")
    file = f"{i}.{'tsv' if sep == chr(9) and rng.random() < 0.5 else 'csv'}"
    packed = rng.random() < 0.3
    file += ".gz" if packed else ""
    quoting = rng.choice([0, 1])
    pd.DataFrame(rows, columns=columns).to_csv(
        folder / file,
        sep=sep,
        index=rng.random() < 0.3,
        quoting=quoting,
        encoding=encoding,
        compression="gzip" if packed else None,
    )
    options = {} if encoding in ("utf-8", "utf-8-sig") else {"encoding": encoding}
    if ".tsv" in file and quoting == 0:
        options["quotes"] = True
    # A few short rows may be a table by another mark as well.
    if rng.random() < 0.5:
        options["delimiter"] = sep
    note(file, columns, rows, **options)


def write_json(i):
    columns, rows = texts(WIDE)
    for row in rows:
        row[-1] = whole(64, True)
    frame = pd.DataFrame(rows, columns=columns)
    lines, packed = rng.random() < 0.5, rng.random() < 0.3
    file = f"{i}.{rng.choice(['json', 'jsonl'])}{'.gz' if packed else ''}"
    frame.to_json(
        folder / file,
        orient="records",
        lines=lines,
        force_ascii=rng.random() < 0.5,
        indent=None if lines else rng.choice([None, 2]),
        compression="gzip" if packed else None,
    )
    note(file, columns, [[expected(cell) for cell in row] for row in rows])


def write_datasets(i):
    columns, rows = texts(WIDE)
    data = datasets.Dataset.from_dict({name: [row[k] for row in rows] for k, name in enumerate(columns)})
    data.save_to_disk(folder / f"{i}_saved")
    note(f"{i}_saved", columns, rows)
    data.to_json(folder / f"{i}_sets.jsonl")
    note(f"{i}_sets.jsonl", columns, rows)
    data.to_parquet(folder / f"{i}_sets.parquet")
    note(f"{i}_sets.parquet", columns, rows)


datasets.disable_progress_bars()
for i in range(count):
    for write in (write_parquet, write_arrow, write_csv, write_json):
        write(f"{write.__name__}_{i}")
for i in range(3):
    write_datasets(i)
print(json.dumps(written))
