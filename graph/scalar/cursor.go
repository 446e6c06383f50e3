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

// List identifies a list. A cursor is bound to one list: a list of another kind, order, organization or workflow
// refuses it.
type List struct {
	Kind         string    // the kind of the items, and their order
	Organization uuid.UUID // the owner
	Parent       uuid.UUID // the workflow; the nil UUID for a list of the organization
}

// A cursor is base64url text of one byte for this form, a checksum over the list and the position, and the position.
// The checksum finds mistakes and is no secret: a forged cursor gives a position in a list of the caller's own
// organization.
const (
	cursorForm    = 1
	checksumBytes = 8
	momentBytes   = 8 + 16
	numberBytes   = 8
	textBytes     = -1 // any number of bytes
)

// Number returns the cursor of the item with a number: a version or a sequence.
func (l List) Number(n int64) string {
	return l.cursor(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// Moment returns the cursor of the item with a time and an id. The time counts in microseconds, as PostgreSQL does.
func (l List) Moment(at time.Time, id uuid.UUID) string {
	return l.cursor(append(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro())), id[:]...))
}

// Rank returns the cursor of the item with an amount of 0 or more and an id.
func (l List) Rank(n int64, id uuid.UUID) string {
	return l.cursor(append(binary.BigEndian.AppendUint64(nil, uint64(n)), id[:]...))
}

// ParseRank returns the amount and the id of a cursor of this list. Any other text is an INVALID_INPUT error without a
// field.
func (l List) ParseRank(text string) (int64, uuid.UUID, error) {
	position, err := l.parse(text, momentBytes)
	if err != nil {
		return 0, uuid.Nil, err
	}
	n := binary.BigEndian.Uint64(position)
	if n > math.MaxInt64 {
		return 0, uuid.Nil, foreign()
	}
	return int64(n), uuid.UUID(position[8:]), nil
}

// Text returns the cursor of the item with a position that is text.
func (l List) Text(position string) string { return l.cursor([]byte(position)) }

// ParseText returns the position of a cursor of this list. Any other text is an INVALID_INPUT error without a field.
func (l List) ParseText(text string) (string, error) {
	position, err := l.parse(text, textBytes)
	if err == nil && !utf8.Valid(position) {
		err = foreign()
	}
	return string(position), err
}

// ParseNumber returns the number of a cursor of this list, which is from 0 to 2³¹ − 1. Any other text is an
// INVALID_INPUT error without a field.
func (l List) ParseNumber(text string) (int64, error) {
	position, err := l.parse(text, numberBytes)
	if err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint64(position)
	if n > math.MaxInt32 {
		return 0, foreign()
	}
	return int64(n), nil
}

// ParseMoment returns the time and the id of a cursor of this list. Any other text is an INVALID_INPUT error without a
// field.
func (l List) ParseMoment(text string) (time.Time, uuid.UUID, error) {
	position, err := l.parse(text, momentBytes)
	if err != nil {
		return time.Time{}, uuid.Nil, err
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(position))).UTC()
	if at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}, uuid.Nil, foreign()
	}
	return at, uuid.UUID(position[8:]), nil
}

func (l List) cursor(position []byte) string {
	text := make([]byte, 0, 1+checksumBytes+len(position))
	text = append(text, cursorForm)
	text = append(text, l.checksum(position)...)
	text = append(text, position...)
	return base64.RawURLEncoding.EncodeToString(text)
}

func (l List) parse(text string, positionBytes int) ([]byte, error) {
	const longest = 1280 // characters: the name of a model has at most 200 of 4 bytes
	if len(text) > longest {
		return nil, foreign()
	}
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) < 1+checksumBytes ||
		positionBytes != textBytes && len(bytes) != 1+checksumBytes+positionBytes {
		return nil, foreign()
	}
	// Writing the cursor again checks the form, the checksum, and that this is its only text: base64 has several for
	// the same bytes.
	if position := bytes[1+checksumBytes:]; l.cursor(position) == text {
		return position, nil
	}
	return nil, foreign()
}

func (l List) checksum(position []byte) []byte {
	row := make([]byte, 0, 128)
	row = append(row, l.Organization[:]...)
	row = append(row, l.Parent[:]...)
	row = append(row, l.Kind...)
	row = append(row, 0) // No kind contains it, so it separates the kind from the position.
	row = append(row, position...)
	sum := sha256.Sum256(row)
	return sum[:checksumBytes]
}

func foreign() error {
	return fault.New(fault.InvalidInput,
		"This is not a cursor of this list in this order. Give one as you read it in an earlier page, or none.")
}
