package workflow_test

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/workflow"
)

// failure and birth are two rows whose canonical bytes and hashes were computed with other tools.
var (
	failure = workflow.Transition{
		OrganizationID: uuid.MustParse("0190A0B1-C2D3-7E4F-8A5B-6C7D8E9FA0B1"),
		WorkflowID:     uuid.MustParse("0190A0B1-C2D3-7E4F-8A5B-6C7D8E9FA0B2"),
		Version:        3,
		GraphVersion:   1,
		Kind:           workflow.Fail,
		From:           workflow.ICPProcessing,
		To:             workflow.ICPFailed,
		Actor:          "Zoë",
		Reason:         "Größe 測試 👍",
		At:             time.Date(2026, 7, 13, 14, 0, 0, 123456789, time.FixedZone("", 2*60*60)),
		PreviousHash:   []byte{0x00, 0xff},
	}
	birth = workflow.Transition{
		OrganizationID: failure.OrganizationID,
		WorkflowID:     failure.WorkflowID,
		GraphVersion:   1,
		Kind:           workflow.Create,
		To:             workflow.Created,
		Actor:          "alice",
		At:             time.Unix(0, 0),
	}
)

func TestCanonical_CountsBytesAndMarksNull(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row             workflow.Transition
		canonical, hash string
	}{
		"MultiByteText": {
			failure,
			"12:transition/1,36:0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b1,36:0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b2," +
				"1:3,1:1,4:FAIL,14:ICP_PROCESSING,10:ICP_FAILED,4:Zoë,19:Größe 測試 👍,16:1783944000123456,",
			"89db26ee972f748803028cb2e26855033707f085986c88e309bb16750026188d",
		},
		"VersionZero": {
			birth,
			"12:transition/1,36:0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b1,36:0190a0b1-c2d3-7e4f-8a5b-6c7d8e9fa0b2," +
				"1:0,1:1,6:CREATE,~,7:CREATED,5:alice,0:,1:0,",
			"bcdc5957ee432119d640b7131afb0cf2af107c49d432e874c9cb67d70c1cae02",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.canonical, string(c.row.Canonical())); diff != "" {
				t.Errorf("canonical form (-want +got):\n%s", diff)
			}
			if got := hex.EncodeToString(c.row.ComputeHash()); got != c.hash {
				t.Errorf("hash: got %s, want %s", got, c.hash)
			}
		})
	}
}

func TestHash_CoversEveryField(t *testing.T) {
	t.Parallel()
	original := failure.ComputeHash()
	for name, change := range map[string]func(*workflow.Transition){
		"Organization": func(r *workflow.Transition) { r.OrganizationID[15]++ },
		"Workflow":     func(r *workflow.Transition) { r.WorkflowID[0]++ },
		"Version":      func(r *workflow.Transition) { r.Version++ },
		"GraphVersion": func(r *workflow.Transition) { r.GraphVersion++ },
		"Kind":         func(r *workflow.Transition) { r.Kind = workflow.Advance },
		"From":         func(r *workflow.Transition) { r.From = workflow.ICPPending },
		"NoFrom":       func(r *workflow.Transition) { r.From = "" },
		"To":           func(r *workflow.Transition) { r.To = workflow.ICPCompleted },
		"Actor":        func(r *workflow.Transition) { r.Actor += "x" },
		"Reason":       func(r *workflow.Transition) { r.Reason = "" },
		"At":           func(r *workflow.Transition) { r.At = r.At.Add(time.Microsecond) },
		"PreviousHash": func(r *workflow.Transition) { r.PreviousHash = nil },
		"ABorderMoved": func(r *workflow.Transition) { r.Actor, r.Reason = r.Actor+r.Reason[:1], r.Reason[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := failure
			change(&row)
			if bytes.Equal(row.ComputeHash(), original) {
				t.Error("the hash is the same, want another")
			}
		})
	}
}

func TestHash_IgnoresZoneNanosecondsAndItself(t *testing.T) {
	t.Parallel()
	row := failure
	row.At = row.At.UTC().Truncate(time.Microsecond)
	row.Hash = []byte("anything")
	if !bytes.Equal(row.ComputeHash(), failure.ComputeHash()) {
		t.Error("got another hash, want the same")
	}
}
