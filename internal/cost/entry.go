package cost

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// EntryKind is what happened to an account's money.
type EntryKind string

// The kinds of ledger entry.
const (
	EntryOpen    EntryKind = "OPEN"    // the account was opened with its first limit
	EntryReserve EntryKind = "RESERVE" // a hold was taken
	EntrySettle  EntryKind = "SETTLE"  // a hold was given back and the real cost booked
	EntryRelease EntryKind = "RELEASE" // a hold was given back
	EntryAssume  EntryKind = "ASSUME"  // a hold was booked as the cost
	EntryAdjust  EntryKind = "ADJUST"  // what was booked before is corrected
	EntryLimit   EntryKind = "LIMIT"   // the limit was set
)

// EntryKinds returns all kinds of entry.
func EntryKinds() []EntryKind {
	return []EntryKind{EntryOpen, EntryReserve, EntrySettle, EntryRelease, EntryAssume, EntryAdjust, EntryLimit}
}

// Known reports whether k is one of the kinds.
func (k EntryKind) Known() bool { return slices.Contains(EntryKinds(), k) }

// Entry is one row of the ledger: one change of one account, with the balance on both sides of it.
type Entry struct {
	OrganizationID, AccountID uuid.UUID
	Sequence                  int64 // counts an account's entries without a gap
	Kind                      EntryKind
	CallID                    *uuid.UUID // the call that the entry is about, if any
	Before, After             Balance
	Delta                     Delta
	Overage                   bool // the call cost more than its hold
	Actor, Reason             string
	At                        time.Time
	PreviousHash, Hash        []byte // empty PreviousHash: the first entry of its account
}

// Check returns nil when the entry's figures fit together, and otherwise an error that says which do not: the balance
// after is the balance before with the change applied, and an entry that adds a hold was admitted by both.
func (e Entry) Check() error {
	after, err := e.Before.Plus(e.Delta)
	if err != nil {
		return fmt.Errorf("the change of entry %d does not fit its balance: %w", e.Sequence, err)
	}
	after.Stopped = e.After.Stopped // which an entry of any kind may set or clear
	switch {
	case after != e.After:
		return fmt.Errorf("the balance after entry %d is %+v, its change makes it %+v", e.Sequence, e.After, after)
	case e.Delta.Held > 0 && !e.Before.Admits(e.Delta.Held):
		return fmt.Errorf("entry %d holds %s where %s remain", e.Sequence, e.Delta.Held, e.Before.Remaining())
	}
	return nil
}

// Canonical returns the entry in the form that its hash is computed from, version 1: one netstring per field (length in
// bytes, colon, bytes, comma), with "~," for the call id of an entry without a call. In order:
//
//	entry/1, organization id, account id, sequence, kind, call id,
//	settled, held and limit delta, settled, held and limit after, stopped after, overage,
//	actor, reason, time
//
// Ids are lower-case with hyphens, amounts and numbers decimal, booleans true or false, text UTF-8 as stored, the time
// in microseconds since 1970-01-01 UTC; what is finer is dropped.
func (e Entry) Canonical() []byte {
	row := make([]byte, 0, 512)
	row = appendField(row, "entry/1")
	row = appendField(row, e.OrganizationID.String())
	row = appendField(row, e.AccountID.String())
	row = appendNumber(row, e.Sequence)
	row = appendField(row, string(e.Kind))
	if e.CallID == nil {
		row = append(row, "~,"...)
	} else {
		row = appendField(row, e.CallID.String())
	}
	for _, amount := range []Pico{
		e.Delta.Settled, e.Delta.Held, e.Delta.Limit, e.After.Settled, e.After.Held, e.After.Limit,
	} {
		row = appendNumber(row, int64(amount))
	}
	row = appendField(row, strconv.FormatBool(e.After.Stopped))
	row = appendField(row, strconv.FormatBool(e.Overage))
	row = appendField(row, e.Actor)
	row = appendField(row, e.Reason)
	return appendNumber(row, e.At.UnixMicro())
}

// ComputeHash returns sha256(PreviousHash ‖ Canonical()): what Hash is in a chain that nobody touched.
func (e Entry) ComputeHash() []byte {
	hash := sha256.New()
	hash.Write(e.PreviousHash)
	hash.Write(e.Canonical())
	return hash.Sum(nil)
}

// appendField appends text as a netstring.
func appendField(row []byte, text string) []byte {
	row = strconv.AppendInt(row, int64(len(text)), 10)
	row = append(row, ':')
	row = append(row, text...)
	return append(row, ',')
}

func appendNumber(row []byte, n int64) []byte { return appendField(row, strconv.FormatInt(n, 10)) }
