package gqlhttp

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

const (
	// minCompressedBytes is the smallest answer that is compressed. A smaller one fits into a packet anyway.
	minCompressedBytes = 1400
	// jitterBytes is the most that is added to a compressed answer at random, so that its length says less (BREACH).
	jitterBytes = 64
)

// compressed compresses the answers of an endpoint for a client that accepts gzip. An answer with the header
// HeaderNoCompression stays as it is. The answers of mutations have it, because some show a secret beside text of the
// client: with both in one compressed answer its length would reveal the secret.
func compressed(endpoint http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressedBytes), gzhttp.EnableZstd(false),
		gzhttp.ContentTypes([]string{jsonMedia, responseMedia}), gzhttp.RandomJitter(jitterBytes, 0, false))
	if err != nil {
		panic(err) // The options are constants.
	}
	return wrap(endpoint)
}
