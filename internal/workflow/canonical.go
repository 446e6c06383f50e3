package workflow

import (
	"crypto/sha256"
	"strconv"
)

// transitionFormat names the layout of a transition's canonical bytes, and its version.
const transitionFormat = "transition/1"

// Canonical returns the bytes of the transition that its hash covers, the same that SQL computes. They are a sequence
// of netstrings, `<length in bytes>:<bytes>,`, with NULL written as `~,`: the name of the format, organization_id,
// workflow_id, version, graph_version, kind, from_state (NULL at version 0), to_state, actor, reason, occurred_at.
// Ids are lower-case text with hyphens, numbers decimal, texts UTF-8 as stored; a time is its microseconds since
// 1970-01-01 UTC (finer digits are cut off).
func (t Transition) Canonical() []byte {
	b := make([]byte, 0, 256+len(t.Actor)+len(t.Reason))
	b = netstring(b, transitionFormat)
	b = netstring(b, t.OrganizationID.String())
	b = netstring(b, t.WorkflowID.String())
	b = netstring(b, strconv.Itoa(t.Version))
	b = netstring(b, strconv.Itoa(t.GraphVersion))
	b = netstring(b, string(t.Kind))
	if t.From == "" {
		b = append(b, "~,"...)
	} else {
		b = netstring(b, string(t.From))
	}
	b = netstring(b, string(t.To))
	b = netstring(b, t.Actor)
	b = netstring(b, t.Reason)
	return netstring(b, strconv.FormatInt(t.At.UnixMicro(), 10))
}

// ComputeHash returns sha256(PreviousHash ‖ Canonical()). In an unchanged row it equals Hash.
func (t Transition) ComputeHash() []byte {
	h := sha256.New()
	h.Write(t.PreviousHash)
	h.Write(t.Canonical())
	return h.Sum(nil)
}

func netstring(b []byte, field string) []byte {
	b = strconv.AppendInt(b, int64(len(field)), 10)
	b = append(b, ':')
	b = append(b, field...)
	return append(b, ',')
}
