package live

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

func TestHintsSurviveTheWayThroughAPayload(t *testing.T) {
	t.Parallel()
	var hints []hint
	for i := range 240 {
		hints = append(hints, hint{
			organization: uuid.MustParse("00000000-0000-7000-8000-00000000000" + string('0'+rune(i%3))),
			workflow:     uuid.New(), ledger: i%2 == 0, first: int64(i), last: int64(i + i%4*1000),
		})
	}
	payload := encode("server", hints) // which sorts them
	if len(payload) > maxPayload {
		t.Fatalf("the payload has %d bytes", len(payload))
	}
	server, got, all, err := decode(payload)
	if diff := cmp.Diff(hints, got, cmp.AllowUnexported(hint{})); diff != "" || server != "server" || all || err != nil {
		t.Errorf("got all %t of %q, %v (-want +got):\n%s", all, server, err, diff)
	}
}

func TestTooManyHintsBecomeTheWordToLook(t *testing.T) {
	t.Parallel()
	hints := make([]hint, 400)
	for i := range hints {
		hints[i] = hint{organization: uuid.New(), workflow: uuid.New(), last: int64(i)}
	}
	payload := encode("server", hints)
	if server, got, all, err := decode(payload); server != "server" || len(got) > 0 || !all || err != nil {
		t.Errorf("%q: got %d hints, all %t, from %q, %v", payload, len(got), all, server, err)
	}
}

func TestAStrangePayloadIsTheWordToLook(t *testing.T) {
	t.Parallel()
	id := short(uuid.New())
	for _, payload := range []string{
		"", "1", "2 server", "hello", "1 server t", "1 server t.", "1 server o", "1 server oX", "1 server t" + id,
		"1 server t" + id + ".", "1 server t" + id + ".-.1", "1 server t" + id + ".1.2.3", "1 server x" + id + ".1",
		"1 server t" + id + ".zzzzzzzzzzzzzzzzzzz",
	} {
		if _, hints, all, err := decode(payload); err == nil || !all || len(hints) > 0 {
			t.Errorf("%q: got %v, all %t, %v", payload, hints, all, err)
		}
	}
}

func TestHintsAboutOneJournalBecomeOne(t *testing.T) {
	t.Parallel()
	n := newNotifier("server", 0, nil, nil)
	flow, organization := uuid.New(), uuid.New()
	for _, version := range []int64{5, 3, 4} {
		n.add([]hint{{organization: organization, workflow: flow, first: version, last: version}})
	}
	n.add([]hint{{organization: organization, workflow: flow, ledger: true, first: 9, last: 9}})
	_, got, _, err := decode(n.take())
	want := map[subject]hint{
		{flow, false}: {organization: organization, workflow: flow, first: 3, last: 5},
		{flow, true}:  {organization: organization, workflow: flow, ledger: true, first: 9, last: 9},
	}
	bySubject := map[subject]hint{}
	for _, h := range got {
		bySubject[h.subject()] = h
	}
	if diff := cmp.Diff(want, bySubject, cmp.AllowUnexported(hint{}, subject{})); diff != "" || err != nil {
		t.Errorf("hints (-want +got): %v\n%s", err, diff)
	}
	if rest := n.take(); rest != "" {
		t.Errorf("after they were taken: got %q, want nothing", rest)
	}
}

func TestATimeIsSafeOnlyWhenAllThatWroteThenHasEnded(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	var h horizon
	for i, look := range []struct {
		seen postgres.Horizon
		safe int // which look's time is safe then; −1 for none
	}{
		{postgres.Horizon{Oldest: 100, Next: 100}, -1}, // marks 100
		{postgres.Horizon{Oldest: 100, Next: 110}, 0},  // all below 100 had ended; marks 110
		{postgres.Horizon{Oldest: 105, Next: 120}, 0},  // 105 is open
		{postgres.Horizon{Oldest: 105, Next: 130}, 0},  // and stays open
		{postgres.Horizon{Oldest: 110, Next: 140}, 1},  // it has ended
		{postgres.Horizon{Oldest: 7, Next: 8}, 1},      // another database: begins anew
		{postgres.Horizon{Oldest: 8, Next: 9}, 5},
	} {
		h.pass(start.Add(time.Duration(i)*time.Second), look.seen)
		want := time.Time{}
		if look.safe >= 0 {
			want = start.Add(time.Duration(look.safe) * time.Second)
		}
		if !h.safe.Equal(want) {
			t.Errorf("after look %d: got %s, want %s", i, h.safe, want)
		}
	}
}
