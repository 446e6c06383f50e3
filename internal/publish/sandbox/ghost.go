package sandbox

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// GhostKey is the Admin API key of the Ghost sandbox.
const GhostKey = "sandbox:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// Ghost is a sandbox of the Admin API of Ghost.
type Ghost struct{ *store }

// NewGhost returns an empty site.
func NewGhost(o Options) *Ghost { return &Ghost{newStore(o)} }

// ServeHTTP answers the API under /ghost/api/admin/.
func (s *Ghost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serveControl(w, r) {
		return
	}
	time.Sleep(s.delay)
	path, inAPI := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), "/ghost/api/admin/")
	switch {
	case !inAPI:
		w.WriteHeader(http.StatusNotFound)
	case path == "site":
		writeJSON(w, http.StatusOK, map[string]any{"site": map[string]any{"title": Title, "version": "5.0"}})
	case !signed(r):
		ghostError(w, http.StatusUnauthorized, "UnauthorizedError", "Invalid token")
	case path == "posts" && r.Method == http.MethodGet:
		s.list(w, r)
	case path == "posts" && r.Method == http.MethodPost:
		s.change(w, r, func(w http.ResponseWriter, r *http.Request) { s.save(w, r, nil) })
	default:
		s.serveOne(w, r, strings.TrimPrefix(path, "posts/"))
	}
}

// signed checks the token as Ghost does: the key's secret, the audience, and at most five minutes of life.
func signed(r *http.Request) bool {
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Ghost ")
	_, secret, _ := strings.Cut(GhostKey, ":")
	key, _ := hex.DecodeString(secret)
	claims := jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithAudience("/admin/"), jwt.WithExpirationRequired())
	return err == nil && claims.IssuedAt != nil && claims.ExpiresAt.Sub(claims.IssuedAt.Time) <= 5*time.Minute
}

func ghostError(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, map[string]any{"errors": []any{map[string]any{"message": message, "type": kind}}})
}

// ghostID is the id of a post as Ghost writes it: 24 hex digits.
func ghostID(id int64) string { return fmt.Sprintf("%024x", id) }

func (s *Ghost) serveOne(w http.ResponseWriter, r *http.Request, id string) {
	handle := func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n, _ := strconv.ParseInt(id, 16, 64)
		post, there := s.posts[n]
		if there && r.Method == http.MethodDelete {
			delete(s.posts, n)
		}
		s.mu.Unlock()
		switch {
		case !there:
			ghostError(w, http.StatusNotFound, "NotFoundError", "Resource not found error, cannot read post.")
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodPut:
			s.save(w, r, post)
		default:
			s.mu.Lock()
			defer s.mu.Unlock()
			writeJSON(w, http.StatusOK, map[string]any{"posts": []any{s.wire(r, post)}})
		}
	}
	if r.Method == http.MethodGet {
		handle(w, r)
		return
	}
	s.change(w, r, handle)
}

// list answers the two filters that the client uses.
func (s *Ghost) list(w http.ResponseWriter, r *http.Request) {
	filter := r.URL.Query().Get("filter")
	tag, byTag := strings.CutPrefix(filter, "tag:hash-")
	slug := strings.Trim(strings.TrimPrefix(filter, "slug:"), "'")
	found := []any{}
	for _, post := range s.Posts() {
		has := filter == ""
		for _, name := range post.Tags {
			has = has || byTag && name == "#"+tag
		}
		if has || !byTag && post.Slug == slug {
			found = append(found, s.wire(r, &post))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"posts": found})
}

func (s *Ghost) wire(r *http.Request, post *Post) map[string]any {
	tags := []any{}
	for _, name := range post.Tags {
		tags = append(tags, map[string]any{"name": name})
	}
	made := post.Modified
	if post.Edits > 0 {
		made = made.Add(-time.Second)
	}
	return map[string]any{
		"id":         ghostID(post.ID),
		"url":        "http://" + r.Host + "/" + post.Slug + "/",
		"slug":       post.Slug,
		"status":     post.Status,
		"title":      post.Title,
		"created_at": made.Format("2006-01-02T15:04:05.000Z"),
		"updated_at": post.Modified.Format("2006-01-02T15:04:05.000Z"),
		"html":       post.Content,
		"tags":       tags,
	}
}

// save makes a post, or changes one whose updated_at the request names. Without source=html the body stays empty.
func (s *Ghost) save(w http.ResponseWriter, r *http.Request, post *Post) {
	var wire struct {
		Posts []struct {
			Slug, Title, HTML, Status *string
			Excerpt                   *string    `json:"custom_excerpt"`
			UpdatedAt                 string     `json:"updated_at"`
			PublishedAt               *time.Time `json:"published_at"`
			Tags                      []struct{ Name string }
		}
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&wire)
	if err != nil || len(wire.Posts) != 1 {
		ghostError(w, http.StatusBadRequest, "BadRequestError", "The request needs one post.")
		return
	}
	fields := wire.Posts[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	if post != nil && fields.UpdatedAt != post.Modified.Format("2006-01-02T15:04:05.000Z") {
		ghostError(w, http.StatusConflict, "UpdateCollisionError", "Saving failed! Someone else is editing this post.")
		return
	}
	if post == nil {
		post = s.add(Post{Status: "draft"})
	} else {
		post.Edits++
	}
	for _, set := range []struct{ from, to *string }{
		{fields.Slug, &post.Slug},
		{fields.Title, &post.Title},
		{fields.Excerpt, &post.Excerpt},
		{fields.Status, &post.Status},
	} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
	if fields.PublishedAt != nil {
		post.Date = *fields.PublishedAt
	}
	post.Status = s.timed(post, "published", "scheduled")
	if fields.HTML != nil && r.URL.Query().Get("source") == "html" {
		body := strings.TrimPrefix(*fields.HTML, "<!--kg-card-begin: html-->\n")
		post.Content = strings.TrimSuffix(body, "\n<!--kg-card-end: html-->")
	}
	if fields.Tags != nil {
		post.Tags = nil
		for _, tag := range fields.Tags {
			post.Tags = append(post.Tags, tag.Name)
		}
	}
	post.Slug = s.freeSlug(post, func(string) bool { return true })
	s.touch(post)
	writeJSON(w, http.StatusOK, map[string]any{"posts": []any{s.wire(r, post)}})
}
