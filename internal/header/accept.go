package header

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Accept is the list of media ranges that a client accepts (RFC 9110, 12.5.1).
type Accept string

// AcceptOf returns the Accept header fields of a request as one list.
func AcceptOf(h http.Header) Accept { return Accept(strings.Join(h.Values("Accept"), ",")) }

// Quality returns the weight of a media type, from 0 to 1: the q of the most specific range that covers it. An empty
// list accepts every type. A q that is no number from 0 to 1 counts as 0.
func (a Accept) Quality(media string) float64 {
	if a.isEmpty() {
		return 1
	}
	return a.preferenceOf(media).weight
}

// Names reports whether the list has the media type itself, and not only a range that covers it.
func (a Accept) Names(media string) bool {
	return a.preferenceOf(media).specificity == itself
}

// Choose returns the offer that the client prefers: by weight, then by the more specific range, then by the place in
// the list, then by the order of the offers. It returns the first offer for an empty list, and "" when the client
// accepts none.
func (a Accept) Choose(offers ...string) string {
	if a.isEmpty() {
		return offers[0]
	}
	var chosen string
	var best preference
	for _, offer := range offers {
		p := a.preferenceOf(offer)
		if p.weight > 0 && (chosen == "" || p.above(best)) {
			chosen, best = offer, p
		}
	}
	return chosen
}

func (a Accept) isEmpty() bool { return strings.TrimSpace(string(a)) == "" }

// preference is the statement of a list about one media type.
type preference struct {
	weight float64
	// specificity is that of the range: none, */*, type/*, or the media type itself.
	specificity int
	// place is the position of the range in the list.
	place int
}

// itself is the specificity of a range without a wildcard.
const itself = 2

func (p preference) above(other preference) bool {
	switch {
	case p.weight != other.weight:
		return p.weight > other.weight
	case p.specificity != other.specificity:
		return p.specificity > other.specificity
	}
	return p.place < other.place
}

// preferenceOf returns the most specific statement about a media type. Its specificity is −1 when there is none.
func (a Accept) preferenceOf(media string) preference {
	group, _, _ := strings.Cut(media, "/")
	best := preference{specificity: -1}
	place := 0
	for part := range strings.SplitSeq(string(a), ",") {
		place++
		mediaRange, parameters, _ := strings.Cut(part, ";")
		ranges := []string{"*/*", group + "/*", media}
		specificity := slices.Index(ranges, strings.ToLower(strings.TrimSpace(mediaRange)))
		if specificity > best.specificity {
			best = preference{weight: weight(parameters), specificity: specificity, place: place}
		}
	}
	return best
}

// weight returns the q among the parameters of a media range; 1 when there is none.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}
