package live

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

const (
	// channel is what servers notify each other on.
	channel = "infin8_live"
	// maxPayload is the greatest payload that PostgreSQL takes, in bytes.
	maxPayload = 7999
	// form is the first word of a payload; another form is taken for a hint that says nothing.
	form = "1"
	// scan in place of hints says: something has happened, look yourself.
	scan = "scan"
)

// hint says that rows of a journal are there: those from first to last, committed.
type hint struct {
	organization, workflow uuid.UUID
	ledger                 bool
	first, last            int64
}

// subject is what a hint is about.
type subject struct {
	workflow uuid.UUID
	ledger   bool
}

func (h hint) subject() subject { return subject{h.workflow, h.ledger} }

// and is one hint for two about the same journal.
func (h hint) and(other hint) hint {
	h.first, h.last = min(h.first, other.first), max(h.last, other.last)
	return h
}

// encode writes hints as one payload: the form, the name of the server, and then words, of which o and an id names the
// organization of what follows, and t or l, an id and two numbers a journal. When there are too many it is a scan.
func encode(server string, hints []hint) string {
	slices.SortFunc(hints, func(a, b hint) int {
		return cmp.Or(bytes.Compare(a.organization[:], b.organization[:]), bytes.Compare(a.workflow[:], b.workflow[:]))
	})
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s", form, server)
	bare := text.Len()
	var organization uuid.UUID
	for _, h := range hints {
		if h.organization != organization {
			organization = h.organization
			text.WriteString(" o" + short(organization))
		}
		kind := " t"
		if h.ledger {
			kind = " l"
		}
		text.WriteString(kind + short(h.workflow) + "." + strconv.FormatInt(h.first, 36))
		if h.last != h.first {
			text.WriteString("." + strconv.FormatInt(h.last, 36))
		}
		if text.Len() > maxPayload {
			return text.String()[:bare] + " " + scan
		}
	}
	return text.String()
}

// errStrange says that a payload is not of our form: of another version of the program, perhaps.
var errStrange = errors.New("the payload is of another form")

// decode reads a payload. all says that the hints do not say everything.
func decode(payload string) (server string, hints []hint, all bool, err error) {
	words := strings.Fields(payload)
	if len(words) < 2 || words[0] != form {
		return "", nil, true, errStrange
	}
	var organization uuid.UUID
	for _, word := range words[2:] {
		if word == scan {
			return words[1], nil, true, nil
		}
		parts := strings.Split(word[1:], ".")
		id, err := long(parts[0])
		if err != nil {
			return "", nil, true, errStrange
		}
		if word[0] == 'o' {
			organization = id
			continue
		}
		h := hint{organization: organization, workflow: id, ledger: word[0] == 'l'}
		if h.first, h.last, err = numbers(parts[1:]); err != nil || !h.ledger && word[0] != 't' {
			return "", nil, true, errStrange
		}
		hints = append(hints, h)
	}
	return words[1], hints, false, nil
}

func numbers(parts []string) (first, last int64, err error) {
	if len(parts) < 1 || len(parts) > 2 {
		return 0, 0, errStrange
	}
	if first, err = strconv.ParseInt(parts[0], 36, 64); err != nil {
		return 0, 0, err
	}
	last, err = strconv.ParseInt(parts[len(parts)-1], 36, 64)
	return first, last, err
}

// short writes an id in 22 characters.
func short(id uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

func long(text string) (uuid.UUID, error) {
	read, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return uuid.Nil, err
	}
	return uuid.FromBytes(read)
}
