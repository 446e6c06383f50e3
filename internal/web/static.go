package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/header"
)

// static is a file of a page.
type static struct {
	file []byte
	// isPacked is true when the file is compressed with gzip.
	isPacked                bool
	mediaType, cacheControl string
}

// handler serves the file. It sends a packed file as it is to a browser that accepts gzip, and unpacked to other
// clients.
func (s static) handler() http.Handler {
	plain := sync.OnceValue(func() []byte { return unpack(s.file) })
	sum := sha256.Sum256(s.file)
	tag := hex.EncodeToString(sum[:16])
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", s.cacheControl)
		h.Set("Content-Type", s.mediaType)
		body, mark := s.file, tag
		if s.isPacked {
			h.Add("Vary", "Accept-Encoding")
			if header.HasToken(r.Header, "Accept-Encoding", "gzip") {
				h.Set("Content-Encoding", "gzip")
			} else {
				body, mark = plain(), tag+"-plain"
			}
		}
		h.Set("ETag", `"`+mark+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func unpack(packed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // The program contains the file.
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		panic(err)
	}
	return plain
}
