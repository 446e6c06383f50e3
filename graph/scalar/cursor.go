package scalar

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
)

// List is what a cursor is bound to. A cursor of one list is refused by every other: another kind of list, another
// order, another organization, the journal of another workflow.
type List struct {
	Kind         string    // what is listed, and in which order
	Organization uuid.UUID // whose
	Parent       uuid.UUID // the workflow whose list it is; the nil UUID when it is the organization's
}

// A cursor is base64url text of: one byte that names this form, a checksum over the list and the key, and the key. The
// checksum is no secret and need not be one: it tells a mistake from a cursor, and whoever forges one gains a place in
// a list of his own organization, which he may read anyway.
const (
	cursorForm    = 1
	checksumBytes = 8
	momentBytes   = 8 + 16
	numberBytes   = 8
	textBytes     = -1 // any number
)

// Number returns the cursor of the item with a number: a version or a sequence.
func (l List) Number(n int64) string {
	return l.cursor(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// Moment returns the cursor of the item with a time and an id. The time counts in microseconds, as PostgreSQL does.
func (l List) Moment(at time.Time, id uuid.UUID) string {
	return l.cursor(append(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro())), id[:]...))
}

// Text returns the cursor of the item with a key that is text.
func (l List) Text(key string) string { return l.cursor([]byte(key)) }

// ParseText returns the key of a cursor of this list. Any other text is an INVALID_INPUT fault without a field.
func (l List) ParseText(text string) (string, error) {
	key, err := l.parse(text, textBytes)
	if err == nil && !utf8.Valid(key) {
		err = foreign()
	}
	return string(key), err
}

// ParseNumber returns the number of a cursor of this list, which is from 0 to 2³¹ − 1. Any other text is an
// INVALID_INPUT fault without a field.
func (l List) ParseNumber(text string) (int64, error) {
	key, err := l.parse(text, numberBytes)
	if err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint64(key)
	if n > math.MaxInt32 {
		return 0, foreign()
	}
	return int64(n), nil
}

// ParseMoment returns the time and the id of a cursor of this list. Any other text is an INVALID_INPUT fault without a
// field.
func (l List) ParseMoment(text string) (time.Time, uuid.UUID, error) {
	key, err := l.parse(text, momentBytes)
	if err != nil {
		return time.Time{}, uuid.Nil, err
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(key))).UTC()
	if at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}, uuid.Nil, foreign()
	}
	return at, uuid.UUID(key[8:]), nil
}

func (l List) cursor(key []byte) string {
	text := make([]byte, 0, 1+checksumBytes+len(key))
	text = append(text, cursorForm)
	text = append(text, l.checksum(key)...)
	text = append(text, key...)
	return base64.RawURLEncoding.EncodeToString(text)
}

func (l List) parse(text string, keyBytes int) ([]byte, error) {
	const longest = 1280 // characters; none of ours has more: the name of a model has 200, of 4 bytes at most
	if len(text) > longest {
		return nil, foreign()
	}
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) < 1+checksumBytes || keyBytes != textBytes && len(bytes) != 1+checksumBytes+keyBytes {
		return nil, foreign()
	}
	// Writing the cursor again checks the form, the checksum, and that this is its only text: base64 has several for
	// the same bytes.
	if key := bytes[1+checksumBytes:]; l.cursor(key) == text {
		return key, nil
	}
	return nil, foreign()
}

func (l List) checksum(key []byte) []byte {
	row := make([]byte, 0, 128)
	row = append(row, l.Organization[:]...)
	row = append(row, l.Parent[:]...)
	row = append(row, l.Kind...)
	row = append(row, 0) // no kind contains it, so kind and key cannot run into each other
	row = append(row, key...)
	sum := sha256.Sum256(row)
	return sum[:checksumBytes]
}

func foreign() error {
	return fault.New(fault.InvalidInput,
		"This is not a cursor of this list in this order. Give one as you read it in an earlier page, or none.")
}
