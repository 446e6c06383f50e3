package content

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pointer(n int) *int { return &n }

func TestScore(t *testing.T) {
	t.Parallel()
	profile := NewProfile("Dental practices", "Practice owner", "missed appointments")
	for name, c := range map[string]struct {
		candidate Candidate
		want      float64
	}{
		"IsOneForThePerfectKeyword": {
			Candidate{Text: "dental practice", Volume: pointer(10_000), Difficulty: pointer(0), Intent: "TRANSACTIONAL"}, 1,
		},
		"IsZeroForTheWorst": {
			Candidate{Text: "poem", Volume: pointer(0), Difficulty: pointer(100), Intent: "NAVIGATIONAL"}, 0.02,
		},
		"CountsTheUnknownAsOneHalf": {Candidate{Text: "poem"}, 0.3},
		"IgnoresAVolumeBelowZero":   {Candidate{Text: "poem", Volume: pointer(-5)}, 0.15},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, reasons := Score(c.candidate, profile)
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if len(reasons) != 4 {
				t.Errorf("got reasons %q, want four", reasons)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	got := Merge([]Candidate{
		{Text: "software crm", Volume: pointer(10)},
		{Text: "CRM software", Volume: pointer(90), Difficulty: pointer(40)},
		{Text: "crm software", Difficulty: pointer(30), Intent: "COMMERCIAL"},
		{Text: "顧客管理"},
		{Text: "!!"},
	})
	want := []Candidate{
		{Text: "CRM software", Volume: pointer(90), Difficulty: pointer(30), Intent: "COMMERCIAL"},
		{Text: "顧客管理"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
