package cost

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// EntryKind is the kind of a change of an account.
type EntryKind string

// The kinds of ledger entry.
const (
	EntryOpen    EntryKind = "OPEN"    // the account was opened with its first limit
	EntryReserve EntryKind = "RESERVE" // a hold was taken
	EntrySettle  EntryKind = "SETTLE"  // a hold was given back and the real cost booked
	EntryRelease EntryKind = "RELEASE" // a hold was given back
	EntryAssume  EntryKind = "ASSUME"  // a hold was booked as the cost
	EntryAdjust  EntryKind = "ADJUST"  // an earlier booking is corrected
	EntryLimit   EntryKind = "LIMIT"   // the limit was set
	EntryRecord  EntryKind = "RECORD"  // a call that was made without a reservation was booked
)

// EntryKinds returns all kinds of entry.
func EntryKinds() []EntryKind {
	return []EntryKind{
		EntryOpen, EntryReserve, EntrySettle, EntryRelease, EntryAssume, EntryAdjust, EntryLimit, EntryRecord,
	}
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
	// Overage: the call cost more than its hold, or, recorded without one, went beyond the account's limit.
	Overage bool
	// Corrects is the entry that an adjustment corrects, by its sequence number; nil for none in particular.
	Corrects *int64
	// LimitSequence is the entry that set the limit of an entry that may cross a threshold of it; nil of all others.
	LimitSequence      *int64
	Actor, Reason      string
	At                 time.Time
	PreviousHash, Hash []byte // empty PreviousHash: the first entry of its account
}

// Check returns nil when three rules hold, and otherwise an error that names the broken one. The balance after is the
// balance before with the change applied. The balance before admits a hold that the entry adds. A correction corrects
// the entry that its reason names.
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
		remaining, _ := e.Before.Remaining()
		return fmt.Errorf("entry %d holds %s where %s remain", e.Sequence, e.Delta.Held, remaining)
	}
	if named := e.named(); (named == nil) != (e.Corrects == nil) || named != nil && *named != *e.Corrects {
		return fmt.Errorf("entry %d corrects another entry than its reason names", e.Sequence)
	}
	return nil
}

// LimitDelta returns the change of the limit, and false when there was no limit before the entry or is none after it:
// the difference to no limit is no amount.
func (e Entry) LimitDelta() (delta Pico, isAmount bool) {
	before, limitedBefore := e.Before.Limit.Amount()
	after, limitedAfter := e.After.Limit.Amount()
	return after - before, limitedBefore && limitedAfter // Both are ≥ 0, so the difference fits.
}

// correction begins the reason of an entry that corrects another one.
const correction = "corrects entry "

// CorrectionReason returns the reason of an entry that corrects another one, given by its sequence number: it names
// that entry, so that the hash of the one covers the link to the other.
func CorrectionReason(sequence int64, reason string) string {
	return correction + strconv.FormatInt(sequence, 10) + ": " + reason
}

// named returns the sequence number of the entry that the reason of an adjustment names; nil when it names none.
func (e Entry) named() *int64 {
	rest, names := strings.CutPrefix(e.Reason, correction)
	if e.Kind != EntryAdjust || !names {
		return nil
	}
	digits, _, _ := strings.Cut(rest, ": ")
	sequence, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil
	}
	return &sequence
}

// Canonical returns the entry in the form that its hash is computed from, version 1: one netstring per field (length in
// bytes, colon, bytes, comma), with "~," for the call id of an entry without a call. In order:
//
//	entry/1, organization id, account id, sequence, kind, call id,
//	settled, held and limit delta, settled, held and limit after, stopped after, overage,
//	actor, reason, time
//
// Ids are lower-case with hyphens, amounts and numbers decimal, booleans true or false, text UTF-8 as stored, the time
// in microseconds since 1970-01-01 UTC, without a fraction.
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
	for _, number := range []int64{
		int64(e.Delta.Settled), int64(e.Delta.Held), int64(e.Delta.Limit),
		int64(e.After.Settled), int64(e.After.Held), int64(e.After.Limit),
	} {
		row = appendNumber(row, number)
	}
	row = appendField(row, strconv.FormatBool(e.After.Stopped))
	row = appendField(row, strconv.FormatBool(e.Overage))
	row = appendField(row, e.Actor)
	row = appendField(row, e.Reason)
	return appendNumber(row, e.At.UnixMicro())
}

// ComputeHash returns sha256(PreviousHash ‖ Canonical()). In an unchanged chain it equals Hash.
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
