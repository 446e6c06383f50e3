package gqlhttp

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	jsonMedia     = "application/json"
	responseMedia = "application/graphql-response+json"
)

// accepted is the type of the answer: of the two that there are the one that the client prefers, JSON when it does not
// care. It is "" when the client takes neither.
func accepted(header http.Header) string {
	accept := strings.Join(header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return jsonMedia
	}
	older, newer := preferenceOf(accept, jsonMedia), preferenceOf(accept, responseMedia)
	switch {
	case older.weight <= 0 && newer.weight <= 0:
		return ""
	case newer.above(older):
		return responseMedia
	}
	return jsonMedia
}

// preference is what an Accept header says about a media type.
type preference struct {
	weight    float64
	exactness int
	place     int
}

// above reports whether p is preferred: by weight, then the one that is named more exactly, then the one named first.
func (p preference) above(other preference) bool {
	switch {
	case p.weight != other.weight:
		return p.weight > other.weight
	case p.exactness != other.exactness:
		return p.exactness > other.exactness
	}
	return p.place < other.place
}

// preferenceOf reads what the most exact range that covers a media type says of it (RFC 9110, 12.5.1). A weight that
// cannot be read is 0.
func preferenceOf(accept, media string) preference {
	best := preference{exactness: -1}
	place := 0
	for part := range strings.SplitSeq(accept, ",") {
		place++
		kind, parameters, _ := strings.Cut(part, ";")
		exactness := slices.Index([]string{"*/*", "application/*", media}, strings.ToLower(strings.TrimSpace(kind)))
		if exactness > best.exactness {
			best = preference{weight: weight(parameters), exactness: exactness, place: place}
		}
	}
	return best
}

// weight is the q among the parameters of a media range; 1 when there is none.
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
