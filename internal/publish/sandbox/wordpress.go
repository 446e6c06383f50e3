package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Login is the user, and Password the application password, of the WordPress sandbox.
const (
	Login    = "infin8"
	Password = "sandbox only 0000 0000 0000"
)

// WordPress is a sandbox of the REST API of WordPress.
type WordPress struct{ *store }

// NewWordPress returns an empty site.
func NewWordPress(o Options) *WordPress { return &WordPress{newStore(o)} }

// ServeHTTP answers the home page and the API under /wp-json/.
func (s *WordPress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serveControl(w, r) {
		return
	}
	time.Sleep(s.delay)
	path, inAPI := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), "/wp-json")
	if !inAPI {
		w.Header().Set("Link", `<//`+r.Host+`/wp-json/>; rel="https://api.w.org/"`)
		s.page(w, strings.Trim(r.URL.Path, "/"))
		return
	}
	if path == "" {
		writeJSON(w, http.StatusOK, map[string]any{
			"name":           Title,
			"namespaces":     []string{"wp/v2"},
			"authentication": map[string]any{"application-passwords": map[string]any{}},
		})
		return
	}
	user, password, _ := r.BasicAuth()
	if user != Login || password != Password {
		wordPressError(w, http.StatusUnauthorized, "rest_not_logged_in", "You are not currently logged in.")
		return
	}
	switch resource, id, _ := strings.Cut(strings.TrimPrefix(path, "/wp/v2/"), "/"); {
	case resource == "users" && id == "me":
		writeJSON(w, http.StatusOK, map[string]any{
			"id": 1, "name": Title, "capabilities": map[string]bool{"publish_posts": true},
		})
	case resource == "posts":
		s.servePosts(w, r, id)
	case resource == "tags" || resource == "categories":
		s.serveTerms(w, r)
	default:
		wordPressError(w, http.StatusNotFound, "rest_no_route", "No route was found.")
	}
}

// page shows a public post by its slug, and the home page otherwise.
func (s *WordPress) page(w http.ResponseWriter, slug string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	for _, post := range s.Posts() {
		if post.Slug == slug && post.Status == "publish" {
			_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title>%s", Title, post.Content)
			return
		}
	}
	_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title>", Title)
}

func wordPressError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"code": code, "message": message, "data": map[string]any{"status": status}})
}

func (s *WordPress) servePosts(w http.ResponseWriter, r *http.Request, id string) {
	switch {
	case r.Method == http.MethodGet && id == "":
		s.list(w, r)
	case r.Method == http.MethodGet:
		s.withPost(w, id, func(post *Post) { writeJSON(w, http.StatusOK, wordPressPost(r, post)) })
	case r.Method == http.MethodPost:
		s.change(w, r, func(w http.ResponseWriter, r *http.Request) { s.save(w, r, id) })
	case r.Method == http.MethodDelete:
		s.change(w, r, func(w http.ResponseWriter, r *http.Request) {
			s.withPost(w, id, func(post *Post) {
				post.Status, post.Slug = "trash", post.Slug+"__trashed"
				s.touch(post)
				writeJSON(w, http.StatusOK, wordPressPost(r, post))
			})
		})
	default:
		wordPressError(w, http.StatusMethodNotAllowed, "rest_no_route", "No route was found.")
	}
}

func (s *WordPress) withPost(w http.ResponseWriter, id string, use func(*Post)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := strconv.ParseInt(id, 10, 64)
	if post, there := s.posts[n]; there {
		use(post)
		return
	}
	wordPressError(w, http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.")
}

// list searches as WordPress does: without a status only public posts, "any" without the trash.
func (s *WordPress) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	found := []any{}
	for _, post := range s.Posts() {
		status := query.Get("status")
		switch {
		case status == "" && post.Status != "publish",
			status == "any" && post.Status == "trash",
			status != "" && status != "any" && status != post.Status,
			query.Get("slug") != "" && post.Slug != query.Get("slug"),
			!strings.Contains(post.Title+post.Content, query.Get("search")):
			continue
		}
		found = append(found, wordPressPost(r, &post))
	}
	writeJSON(w, http.StatusOK, found)
}

func wordPressPost(r *http.Request, post *Post) map[string]any {
	link := "http://" + r.Host + "/?p=" + strconv.FormatInt(post.ID, 10)
	if post.Status == "publish" {
		link = "http://" + r.Host + "/" + post.Slug + "/"
	}
	return map[string]any{
		"id":           post.ID,
		"link":         link,
		"slug":         post.Slug,
		"status":       post.Status,
		"modified_gmt": post.Modified.Format("2006-01-02T15:04:05"),
		"title":        map[string]any{"raw": post.Title},
		"content":      map[string]any{"raw": post.Content},
		"_links": map[string]any{
			"version-history": []any{map[string]any{"count": post.Edits}},
		},
	}
}

// save makes or changes a post. Fields that the request leaves out stay.
func (s *WordPress) save(w http.ResponseWriter, r *http.Request, id string) {
	var fields struct {
		Slug, Title, Content, Excerpt, Status *string
		DateGMT                               *string `json:"date_gmt"`
		Tags, Categories                      []int64
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&fields); err != nil {
		wordPressError(w, http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
		return
	}
	write := func(post *Post) {
		for _, set := range []struct {
			from *string
			to   *string
		}{
			{fields.Slug, &post.Slug},
			{fields.Title, &post.Title},
			{fields.Content, &post.Content},
			{fields.Excerpt, &post.Excerpt},
			{fields.Status, &post.Status},
		} {
			if set.from != nil {
				*set.to = *set.from
			}
		}
		if terms := slices.Concat(fields.Tags, fields.Categories); len(terms) > 0 {
			post.Terms = terms
		}
		if fields.DateGMT != nil {
			post.Date, _ = time.Parse("2006-01-02T15:04:05", *fields.DateGMT)
		}
		post.Status = s.timed(post, "publish", "future")
		if public(post.Status) {
			post.Slug = s.freeSlug(post, public) // Drafts may share a slug.
		}
		s.touch(post)
	}
	if id != "" {
		s.withPost(w, id, func(post *Post) {
			post.Edits++
			write(post)
			writeJSON(w, http.StatusOK, wordPressPost(r, post))
		})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	post := s.add(Post{Status: "draft"})
	write(post)
	writeJSON(w, http.StatusCreated, wordPressPost(r, post))
}

// serveTerms lists or makes a tag. A term that exists is refused with its id.
func (s *WordPress) serveTerms(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodGet {
		found := []any{}
		for i, name := range s.terms {
			if strings.Contains(strings.ToLower(name), strings.ToLower(r.URL.Query().Get("search"))) {
				found = append(found, map[string]any{"id": i + 1, "name": name})
			}
		}
		writeJSON(w, http.StatusOK, found)
		return
	}
	var fields struct{ Name string }
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&fields) != nil || fields.Name == "" {
		wordPressError(w, http.StatusBadRequest, "rest_missing_callback_param", "Missing parameter(s): name")
		return
	}
	if at := slices.Index(s.terms, fields.Name); at >= 0 {
		writeJSON(w, http.StatusBadRequest, map[string]any{
			"code":    "term_exists",
			"message": "A term with the name provided already exists.",
			"data":    map[string]any{"status": 400, "term_id": at + 1},
		})
		return
	}
	s.terms = append(s.terms, fields.Name)
	writeJSON(w, http.StatusCreated, map[string]any{"id": len(s.terms), "name": fields.Name})
}
