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

	"github.com/infin8content/engine/internal/postgres"
)

const (
	// channel is the channel of NOTIFY that all servers share.
	channel = "infin8_live"
	// maxPayload is the largest payload that PostgreSQL accepts, in bytes.
	maxPayload = 7999
	// payloadVersion is the first word of a payload. A receiver of another version polls.
	payloadVersion = "1"
	// pollWord replaces the notifications of a payload when they do not fit: the receiver polls.
	pollWord = "scan"
)

// notification says that the rows from first to last of a journal are committed.
type notification struct {
	organization, workflow uuid.UUID
	journal                journalKind
	first, last            int64
}

// journalKind is the kind of a journal, by its letter in a payload.
type journalKind byte

const (
	transitionRows journalKind = 't'
	ledgerEntries  journalKind = 'l'
	unitEvents     journalKind = 'u'
	batchResults   journalKind = 'b' // of the batch whose id is in the place of the workflow's
)

func (k journalKind) isKnown() bool {
	return k == transitionRows || k == ledgerEntries || k == unitEvents || k == batchResults
}

// journalOf returns the journal that a change is a row of.
func journalOf(c postgres.Change) journalKind {
	switch {
	case c.Ledger:
		return ledgerEntries
	case c.Unit:
		return unitEvents
	case c.Batch:
		return batchResults
	}
	return transitionRows
}

// journalKey names the journal of a notification.
type journalKey struct {
	workflow uuid.UUID
	kind     journalKind
}

func (n notification) key() journalKey { return journalKey{n.workflow, n.journal} }

// merge returns one notification for two about the same journal.
func (n notification) merge(other notification) notification {
	n.first, n.last = min(n.first, other.first), max(n.last, other.last)
	return n
}

// encode writes notifications as one payload, and sorts them. The payload has the version, the name of the server, and
// then words: "o" and an id name the organization of the words after it; "t" (transitions), "l" (ledger) or "u"
// (units) or "b" (batches), an id and one or two numbers name rows. A payload that is too long has pollWord instead.
func encode(server string, notifications []notification) string {
	slices.SortFunc(notifications, func(a, b notification) int {
		return cmp.Or(bytes.Compare(a.organization[:], b.organization[:]), bytes.Compare(a.workflow[:], b.workflow[:]))
	})
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s", payloadVersion, server)
	header := text.Len()
	var organization uuid.UUID
	for _, n := range notifications {
		if n.organization != organization {
			organization = n.organization
			text.WriteString(" o" + encodeID(organization))
		}
		text.WriteString(" " + string(n.journal) + encodeID(n.workflow) + "." + strconv.FormatInt(n.first, 36))
		if n.last != n.first {
			text.WriteString("." + strconv.FormatInt(n.last, 36))
		}
		if text.Len() > maxPayload {
			return text.String()[:header] + " " + pollWord
		}
	}
	return text.String()
}

// errPayload is the error of a payload in another format, for example of another version of the program.
var errPayload = errors.New("the payload has another format")

// decode reads a payload. incomplete says that there are changes beside the notifications, so that the receiver must
// poll.
func decode(payload string) (server string, notifications []notification, incomplete bool, err error) {
	words := strings.Fields(payload)
	if len(words) < 2 || words[0] != payloadVersion {
		return "", nil, true, errPayload
	}
	var organization uuid.UUID
	for _, word := range words[2:] {
		if word == pollWord {
			return words[1], nil, true, nil
		}
		parts := strings.Split(word[1:], ".")
		id, err := decodeID(parts[0])
		if err != nil {
			return "", nil, true, errPayload
		}
		if word[0] == 'o' {
			organization = id
			continue
		}
		n := notification{organization: organization, workflow: id, journal: journalKind(word[0])}
		n.first, n.last, err = decodeNumbers(parts[1:])
		if err != nil || !n.journal.isKnown() {
			return "", nil, true, errPayload
		}
		notifications = append(notifications, n)
	}
	return words[1], notifications, false, nil
}

func decodeNumbers(parts []string) (first, last int64, err error) {
	if len(parts) < 1 || len(parts) > 2 {
		return 0, 0, errPayload
	}
	if first, err = strconv.ParseInt(parts[0], 36, 64); err != nil {
		return 0, 0, err
	}
	last, err = strconv.ParseInt(parts[len(parts)-1], 36, 64)
	return first, last, err
}

// encodeID writes an id in 22 characters.
func encodeID(id uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

func decodeID(text string) (uuid.UUID, error) {
	read, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return uuid.Nil, err
	}
	return uuid.FromBytes(read)
}
