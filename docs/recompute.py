#!/usr/bin/env python3
"""Recomputes both hash chains from rows on standard input, without the engine and without the database's functions.

Each line is one row as JSON. The first line is {"rows": N}; docs/recompute.sql prints them all. With --part there is no
first line: the rows are those of exports. A row of a table of records has the key "table". With records the balances
and the budgets of articles are added up again from the ledger, and a ledger with a cut end is seen; without them it is
not. Nothing but Python 3 is needed. Prints one line for each row that does not fit, and ends with 1 if there was one.
Ends with 2 when the input is empty, cut, or not of this form.
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
BALANCE = ["settled", "held", "limit"]
# Two servers' clocks differ by at most five minutes. An account that was opened later may not be in the records yet.
CLOCKS = 5 * 60 * 1000000


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


def need(row, names):
    """Fails without one of the fields."""
    missing = [name for name in names if name not in row]
    if missing:
        raise Unreadable(f"a row lacks {', '.join(missing)}")


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


def report(name, faults):
    """Prints the faults of a row and returns how many rows have one: 0 or 1."""
    if faults:
        print(f"{name}: {'; '.join(faults)}")
    return 1 if faults else 0


def total(entries):
    """What ledger entries hold and settle together."""
    return tuple(sum(int(e[f"{name}_delta"]) for e in entries) for name in ["held", "settled"])


class Chains:
    """The rows of both journals."""

    def __init__(self):
        self.rows, self.heads, self.opened, self.spent = 0, {}, {}, {}

    def add(self, row):
        """Checks one row. Returns 1 if it does not fit."""
        layout = "transition/1" if "workflow_id" in row else "entry/1"
        owner, number = ("workflow_id", "version") if layout == "transition/1" else ("account_id", "sequence")
        need(row, FIELDS[layout] + ["previous_hash", "hash"])
        chain = (layout, row["organization_id"], row[owner])
        length, head, _ = self.heads.get(chain, (0, "", None))
        canonical = netstring(layout) + b"".join(netstring(row[name]) for name in FIELDS[layout])
        computed = hashlib.sha256(bytes.fromhex(row["previous_hash"]) + canonical).hexdigest()
        faults = []
        if row[number] != length:
            faults.append(f"{number} {length} is missing")
        if row["previous_hash"] != head:
            faults.append("its previous hash is not the hash of the row before")
        if row["hash"] != computed:
            faults.append(f"its hash is {row['hash']}, its content gives {computed}")
        self.rows += 1
        if layout == "entry/1":
            self.remember(row)
        self.heads[chain] = (row[number] + 1, row["hash"], row)
        return report(f"{layout} {row[owner]} {number} {row[number]}", faults)

    def remember(self, row):
        """Keeps what the checks of the records need of a ledger entry."""
        account = (row["organization_id"], row["account_id"])
        self.opened.setdefault(account, row["occurred_at"])
        if row.get("article_id") is not None:
            self.spent.setdefault(account, []).append(row)


class Records:
    """The rows of the tables of records."""

    def __init__(self):
        self.rows, self.unended, self.until, self.accounts, self.budgets = 0, 0, None, {}, {}

    def add(self, row):
        """Keeps balances and budgets, and checks the number of rows in the last line of an export."""
        if row["table"] == "records":
            need(row, ["rows", "to"])
            if row["rows"] != self.unended:
                raise Unreadable(f"there are {self.unended} records, their last line promises {row['rows']}")
            self.unended, self.until = 0, row["to"]
            return
        self.rows, self.unended = self.rows + 1, self.unended + 1
        if row["table"] == "usage_accounts":
            need(row, ["organization_id", "id", "kind", "sequence"] + [f"{name}_pico" for name in BALANCE])
            self.accounts[(row["organization_id"], row["id"])] = row
        if row["table"] == "article_budgets":
            need(row, ["organization_id", "article_id", "workflow_id", "cap_pico", "held_pico", "settled_pico", "overage"])
            self.budgets[(row["organization_id"], row["article_id"])] = row

    def check(self, chains):
        """Compares balances and budgets with the ledger. Returns how many do not fit."""
        bad = 0
        for account, row in self.accounts.items():
            bad += report(f"usage_accounts {account[1]}", self.unbalanced(account, row, chains))
        for account, opened in chains.opened.items():
            if account not in self.accounts and (self.until is None or opened < self.until - CLOCKS):
                bad += report(f"usage_accounts {account[1]}", ["it is missing, and its ledger is there"])
        for budget, row in self.budgets.items():
            bad += report(f"article_budgets article {budget[1]}", self.miscounted(row, chains))
        return bad + self.missing(chains)

    @staticmethod
    def unbalanced(account, row, chains):
        """The faults of a balance."""
        length, _, last = chains.heads.get(("entry/1",) + account, (0, "", None))
        if length <= int(row["sequence"]):
            return [f"its ledger ends before entry {row['sequence']}, which it counts"]
        if length > int(row["sequence"]) + 1:
            return []  # The ledger was read later, and has entries that this balance does not count.
        return [f"it has {name} {row[name + '_pico']}, its last entry {last[name + '_after']}" for name in BALANCE
                if int(row[name + "_pico"]) != int(last[name + "_after"])]

    def entries(self, account, chains):
        """The entries of calls for articles: those that the balance of a workflow counts, and later ones."""
        row = self.accounts.get(account)
        if row is None or row["kind"] != "WORKFLOW":
            return [], []
        spent, counted = chains.spent.get(account, []), int(row["sequence"])
        return [e for e in spent if e["sequence"] <= counted], [e for e in spent if e["sequence"] > counted]

    def miscounted(self, row, chains):
        """The faults of the budget of an article."""
        account = (row["organization_id"], row["workflow_id"])
        if account not in self.accounts:
            return ["the balance of its workflow is missing"]
        counted, later = ([e for e in part if e["article_id"] == row["article_id"]]
                          for part in self.entries(account, chains))
        has = tuple(int(row[f"{name}_pico"]) for name in ["held", "settled"])
        first = booked = total(counted)
        for entry in later:  # The budget was read after the balance.
            if has == booked:
                break
            booked = tuple(a + b for a, b in zip(booked, total([entry])))
        faults = []
        if has != booked:
            faults += [f"it has {name} {own}, its calls give {theirs}"
                       for name, own, theirs in zip(["held", "settled"], has, first) if own != theirs]
            faults = faults or ["its calls give other amounts at each entry"]
        if not row["overage"] and int(row["held_pico"]) + int(row["settled_pico"]) > int(row["cap_pico"]):
            faults.append(f"it is above its cap of {row['cap_pico']}")
        return faults

    def missing(self, chains):
        """Names the articles that calls were made for and that have no budget. Returns how many there are."""
        articles = {(account[0], e["article_id"]) for account in chains.spent
                    for e in self.entries(account, chains)[0]}
        lost = sorted(articles - set(self.budgets))
        return sum(report(f"article_budgets article {budget[1]}", ["it is missing, and its calls are there"])
                   for budget in lost)


def recompute(lines, part):
    """Checks all rows and returns how many do not fit."""
    bad, chains, records = 0, Chains(), Records()
    promised = expected(lines, part)
    for line in lines:
        row = read(line)
        if "table" in row:
            records.add(row)
        else:
            bad += chains.add(row)
    rows = chains.rows + records.rows
    if rows == 0 and promised != 0:
        raise Unreadable("there are no rows")
    if promised not in (None, rows):
        raise Unreadable(f"there are {rows} rows, the first line promises {promised}")
    if part and records.unended:
        raise Unreadable("the records are cut: their last line is missing")
    recorded = ""
    if not part or records.rows:
        bad += records.check(chains)
        recorded = f" and {records.rows} records with {len(records.budgets)} budgets"
    print(f"{chains.rows} rows in {len(chains.heads)} chains{recorded}, {bad} do not fit")
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
