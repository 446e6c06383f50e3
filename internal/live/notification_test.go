package live

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

func TestDecode_ReturnsTheEncodedNotifications(t *testing.T) {
	t.Parallel()
	var notifications []notification
	for i := range 240 {
		notifications = append(notifications, notification{
			organization: uuid.MustParse("00000000-0000-7000-8000-00000000000" + string('0'+rune(i%3))),
			workflow:     uuid.New(),
			journal:      []journalKind{transitionRows, ledgerEntries, unitEvents}[i%3],
			first:        int64(i),
			last:         int64(i + i%4*1000),
		})
	}
	payload := encode("server", notifications) // It sorts them.
	if len(payload) > maxPayload {
		t.Fatalf("the payload has %d bytes", len(payload))
	}
	server, got, incomplete, err := decode(payload)
	diff := cmp.Diff(notifications, got, cmp.AllowUnexported(notification{}))
	if diff != "" || server != "server" || incomplete || err != nil {
		t.Errorf("got incomplete %t of %q, %v (-want +got):\n%s", incomplete, server, err, diff)
	}
}

func TestEncode_RequestsAPollWhenThePayloadIsTooLong(t *testing.T) {
	t.Parallel()
	notifications := make([]notification, 400)
	for i := range notifications {
		notifications[i] = notification{organization: uuid.New(), workflow: uuid.New(), last: int64(i)}
	}
	payload := encode("server", notifications)
	if server, got, incomplete, err := decode(payload); server != "server" || len(got) > 0 || !incomplete || err != nil {
		t.Errorf("%q: got %d notifications, incomplete %t, from %q, %v", payload, len(got), incomplete, server, err)
	}
}

func TestDecode_RequestsAPollForAnotherFormat(t *testing.T) {
	t.Parallel()
	id := encodeID(uuid.New())
	for _, payload := range []string{
		"", "1", "2 server", "hello", "1 server t", "1 server t.", "1 server o", "1 server oX", "1 server t" + id,
		"1 server t" + id + ".", "1 server t" + id + ".-.1", "1 server t" + id + ".1.2.3", "1 server x" + id + ".1",
		"1 server t" + id + ".zzzzzzzzzzzzzzzzzzz",
	} {
		if _, notifications, incomplete, err := decode(payload); err == nil || !incomplete || len(notifications) > 0 {
			t.Errorf("%q: got %v, incomplete %t, %v", payload, notifications, incomplete, err)
		}
	}
}

func TestNotifier_MergesNotificationsOfOneJournal(t *testing.T) {
	t.Parallel()
	n := newNotifier("server", 0, nil, nil)
	flow, organization := uuid.New(), uuid.New()
	for _, version := range []int64{5, 3, 4} {
		n.add([]notification{{
			organization: organization,
			workflow:     flow,
			journal:      transitionRows,
			first:        version,
			last:         version,
		}})
	}
	n.add([]notification{{
		organization: organization,
		workflow:     flow,
		journal:      ledgerEntries,
		first:        9,
		last:         9,
	}})
	_, got, _, err := decode(n.take())
	want := map[journalKey]notification{
		{flow, transitionRows}: {
			organization: organization,
			workflow:     flow,
			journal:      transitionRows,
			first:        3,
			last:         5,
		},
		{flow, ledgerEntries}: {
			organization: organization,
			workflow:     flow,
			journal:      ledgerEntries,
			first:        9,
			last:         9,
		},
	}
	byJournal := map[journalKey]notification{}
	for _, n := range got {
		byJournal[n.key()] = n
	}
	if diff := cmp.Diff(want, byJournal, cmp.AllowUnexported(notification{}, journalKey{})); diff != "" || err != nil {
		t.Errorf("notifications (-want +got): %v\n%s", err, diff)
	}
	if rest := n.take(); rest != "" {
		t.Errorf("after take: got %q, want nothing", rest)
	}
}

func TestHorizon_IsSafeWhenAllEarlierWritersHaveEnded(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	var h horizon
	for i, poll := range []struct {
		seen postgres.Horizon
		safe int // the poll whose time is safe afterwards; −1 for none
	}{
		{postgres.Horizon{Oldest: 100, Next: 100}, -1}, // marks 100
		{postgres.Horizon{Oldest: 100, Next: 110}, 0},  // all below 100 had ended; marks 110
		{postgres.Horizon{Oldest: 105, Next: 120}, 0},  // 105 is open
		{postgres.Horizon{Oldest: 105, Next: 130}, 0},  // 105 is still open
		{postgres.Horizon{Oldest: 110, Next: 140}, 1},  // 105 has ended
		{postgres.Horizon{Oldest: 7, Next: 8}, 1},      // another database: begins anew
		{postgres.Horizon{Oldest: 8, Next: 9}, 5},
	} {
		h.advance(start.Add(time.Duration(i)*time.Second), poll.seen)
		want := time.Time{}
		if poll.safe >= 0 {
			want = start.Add(time.Duration(poll.safe) * time.Second)
		}
		if !h.safe.Equal(want) {
			t.Errorf("after poll %d: got %s, want %s", i, h.safe, want)
		}
	}
}
