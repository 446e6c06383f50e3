#!/usr/bin/env python3
"""Recomputes both hash chains from rows on standard input, without the engine and without the database's functions.

Each line is one row as JSON; docs/recompute.sql prints them. Nothing but Python 3 is needed.
Prints one line for each row that does not fit, and ends with 1 if there was one.
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


def main():
    sys.stdin.reconfigure(encoding="utf-8")
    rows, bad, heads = 0, 0, {}
    for line in sys.stdin:
        row = json.loads(line)
        layout = "transition/1" if "workflow_id" in row else "entry/1"
        owner, number = ("workflow_id", "version") if layout == "transition/1" else ("account_id", "sequence")
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
    print(f"{rows} rows in {len(heads)} chains, {bad} do not fit")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
