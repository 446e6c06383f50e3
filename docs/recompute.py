#!/usr/bin/env python3
"""Recomputes both hash chains from rows on standard input, without the engine and without the database's functions.

The first line is {"rows": N}, and each other line is one row as JSON; docs/recompute.sql prints them. With --part there
is no first line: the rows are those of an export, and a cut end is not seen. Nothing but Python 3 is needed.
Prints one line for each row that does not fit, and ends with 1 if there was one. Ends with 2 when the input is empty,
cut, or not of this form.
"""

import hashlib
import json
import sys

FIELDS = {
    "transition/1": ["organization_id", "workflow_id", "version", "graph_version", "kind", "from_state", "to_state",
                     "actor", "reason", "occurred_at"],
    "entry/1": ["organization_id", "account_id", "sequence", "kind", "call_id", "settled_delta", "held_delta",
                "limit_delta", "settled_after", "held_after", "limit_after", "stopped_after", "overage", "actor",
                "reason", "occurred_at"],
}


def netstring(value):
    """One field: its length in bytes, a colon, its bytes, a comma; "~," for NULL."""
    if value is None:
        return b"~,"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    data = text.encode("utf-8")
    return b"%d:%s," % (len(data), data)


class Unreadable(Exception):
    """The input is not a whole list of rows."""


def read(line):
    """One line as a dictionary."""
    if not line.endswith("\n"):
        raise Unreadable("the last line is cut")
    try:
        row = json.loads(line)
    except ValueError as error:
        raise Unreadable(f"a line is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise Unreadable("a line is no JSON object")
    return row


def expected(lines, part):
    """How many rows the first line promises; None for a part."""
    if part:
        return None
    line = next(lines, None)
    if line is None:
        raise Unreadable("it is empty")
    first = read(line)
    if set(first) != {"rows"} or not isinstance(first["rows"], int):
        raise Unreadable('the first line is not {"rows": N}; for an export use --part')
    return first["rows"]


def recompute(lines, part):
    """Checks all rows and returns how many do not fit."""
    rows, bad, heads = 0, 0, {}
    promised = expected(lines, part)
    for line in lines:
        row = read(line)
        layout = "transition/1" if "workflow_id" in row else "entry/1"
        owner, number = ("workflow_id", "version") if layout == "transition/1" else ("account_id", "sequence")
        missing = [n for n in FIELDS[layout] + ["previous_hash", "hash"] if n not in row]
        if missing:
            raise Unreadable(f"a row lacks {', '.join(missing)}")
        chain = (layout, row["organization_id"], row[owner])
        length, head = heads.get(chain, (0, ""))
        canonical = netstring(layout) + b"".join(netstring(row[name]) for name in FIELDS[layout])
        computed = hashlib.sha256(bytes.fromhex(row["previous_hash"]) + canonical).hexdigest()
        faults = []
        if row[number] != length:
            faults.append(f"{number} {length} is missing")
        if row["previous_hash"] != head:
            faults.append("its previous hash is not the hash of the row before")
        if row["hash"] != computed:
            faults.append(f"its hash is {row['hash']}, its content gives {computed}")
        if faults:
            bad += 1
            print(f"{layout} {row[owner]} {number} {row[number]}: {'; '.join(faults)}")
        rows, heads[chain] = rows + 1, (row[number] + 1, row["hash"])
    if rows == 0 and promised != 0:
        raise Unreadable("there are no rows")
    if promised not in (None, rows):
        raise Unreadable(f"there are {rows} rows, the first line promises {promised}")
    print(f"{rows} rows in {len(heads)} chains, {bad} do not fit")
    return bad


def main():
    sys.stdin.reconfigure(encoding="utf-8")
    arguments = sys.argv[1:]
    if arguments not in ([], ["--part"]):
        print("usage: recompute.py [--part] < rows", file=sys.stderr)
        return 2
    try:
        return 1 if recompute(iter(sys.stdin), bool(arguments)) else 0
    except Unreadable as error:
        print(f"the input cannot be checked: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
