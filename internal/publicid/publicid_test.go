package publicid_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

var sample = uuid.MustParse("0190f4f2-7c1a-7b3e-9d57-3f2a1b0c4d5e")

func references() []publicid.Reference {
	return []publicid.Reference{
		{Kind: publicid.Organization, UUID: sample},
		{Kind: publicid.Workflow, UUID: sample},
		{Kind: publicid.Call, UUID: sample},
		{Kind: publicid.Transition, UUID: sample, Number: 0},
		{Kind: publicid.LedgerEntry, UUID: sample, Number: math.MaxInt32},
		{Kind: publicid.PriceProposal, UUID: sample},
		{Kind: publicid.APIKey, UUID: sample},
		{Kind: publicid.Alert, UUID: sample},
	}
}

func TestNew_WritesTheKindBeforeTheUUID(t *testing.T) {
	t.Parallel()
	text := sample.String()
	for got, want := range map[publicid.ID]string{
		publicid.New(publicid.Workflow, sample):               "wf_" + text,
		publicid.New(publicid.Call, sample):                   "call_" + text,
		publicid.New(publicid.Organization, sample):           "org_" + text,
		publicid.New(publicid.PriceProposal, sample):          "prop_" + text,
		publicid.New(publicid.APIKey, sample):                 "key_" + text,
		publicid.New(publicid.Alert, sample):                  "alert_" + text,
		publicid.NewNumbered(publicid.Transition, sample, 3):  "tr_" + text + "_3",
		publicid.NewNumbered(publicid.LedgerEntry, sample, 0): "led_" + text + "_0",
	} {
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func wantInvalid(t *testing.T, what string, err error) {
	t.Helper()
	if got := fault.KindOf(err); got != fault.InvalidInput {
		t.Errorf("%s: got %q (%v), want INVALID_INPUT", what, got, err)
	}
}

func TestParse_ReadsWhatIDWrites(t *testing.T) {
	t.Parallel()
	for _, want := range references() {
		got, err := want.ID().Parse()
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", want.ID(), got, err, want)
		}
	}
}

func TestParse_RefusesOtherSpellings(t *testing.T) {
	t.Parallel()
	text := sample.String()
	for _, id := range []publicid.ID{
		"", "_", "wf", "wf_", publicid.ID(text), publicid.ID("x_" + text), publicid.ID("WF_" + text),
		publicid.ID("wf_" + strings.ToUpper(text)), publicid.ID("wf_" + strings.ReplaceAll(text, "-", "")),
		publicid.ID("wf_{" + text + "}"), publicid.ID("wf_urn:uuid:" + text), publicid.ID(" wf_" + text),
		publicid.ID("wf_" + text + " "), publicid.ID("wf_" + text + "\n"), publicid.ID("wf_" + text + "_0"),
		publicid.ID("wf_" + text + "_"), publicid.ID("tr_" + text), publicid.ID("tr_" + text + "_"),
		publicid.ID("tr_" + text + "_00"), publicid.ID("tr_" + text + "_-1"), publicid.ID("tr_" + text + "_+1"),
		publicid.ID("tr_" + text + "_2147483648"), publicid.ID("tr_" + text + "_1_1"), publicid.ID("led_" + text + "_1.0"),
	} {
		_, err := id.Parse()
		wantInvalid(t, string(id), err)
	}
}

func TestAs_RefusesOtherKinds(t *testing.T) {
	t.Parallel()
	for _, r := range references() {
		for _, kind := range []publicid.Kind{publicid.Organization, publicid.Workflow, publicid.Call} {
			got, err := r.ID().As(kind)
			if r.Kind != kind {
				wantInvalid(t, string(r.ID())+" as "+string(kind), err)
			} else if err != nil || got != r.UUID {
				t.Errorf("%s as %s: got %v, %v, want its UUID", r.ID(), kind, got, err)
			}
		}
	}
}

// FuzzID checks that each accepted text is written back unchanged, and that nothing panics.
func FuzzID(f *testing.F) {
	for _, r := range references() {
		f.Add(string(r.ID()))
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := publicid.ID(text).Parse()
		if err != nil {
			wantInvalid(t, text, err)
		} else if string(r.ID()) != text {
			t.Errorf("%q was accepted for %q", text, r.ID())
		}
	})
}
