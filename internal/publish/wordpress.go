package publish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WordPress is one site with the REST API of WordPress 5.6 or later and an application password.
type WordPress struct {
	client         *http.Client
	root           string
	user, password string
}

// WordPressOptions say which site it is.
type WordPressOptions struct {
	Client *http.Client
	// Root is the address of the REST API, as Check found it.
	Root     string
	User     string
	Password string
}

// NewWordPress returns a client for one site.
func NewWordPress(o WordPressOptions) *WordPress {
	return &WordPress{client: o.Client, root: o.Root, user: o.User, password: o.Password}
}

// secrets are the forms of the login that a site may quote.
func (w *WordPress) secrets() []string {
	return []string{
		w.password,
		strings.ReplaceAll(w.password, " ", ""),
		base64.StdEncoding.EncodeToString([]byte(w.user + ":" + w.password)),
	}
}

// wirePost is a post in the context "edit".
type wirePost struct {
	ID       int64  `json:"id"`
	Link     string `json:"link"`
	Slug     string `json:"slug"`
	Status   string `json:"status"`
	Modified string `json:"modified_gmt"`
	Title    struct {
		Raw string `json:"raw"`
	} `json:"title"`
	Content struct {
		Raw string `json:"raw"`
	} `json:"content"`
	Links struct {
		Versions []struct {
			Count int `json:"count"`
		} `json:"version-history"`
	} `json:"_links"`
}

func (p wirePost) remote(marker string) Remote {
	revision, marked := revisionIn(p.Content.Raw, marker)
	return Remote{
		ID:       strconv.FormatInt(p.ID, 10),
		URL:      p.Link,
		Slug:     p.Slug,
		Title:    p.Title.Raw,
		Edited:   len(p.Links.Versions) > 0 && p.Links.Versions[0].Count > 0,
		State:    wordPressState(p.Status),
		Modified: p.Modified,
		SHA256:   sha256.Sum256([]byte(p.Content.Raw)),
		Marked:   marked,
		Revision: revision,
	}
}

func wordPressState(status string) State {
	switch status {
	case "publish", "private":
		return Live
	case "future":
		return Scheduled
	case "trash":
		return Trashed
	}
	return Draft
}

// Look finds the posts with the marker, and whether another post has the slug. It asks for the trash by itself, since
// "any" leaves it out.
func (w *WordPress) Look(ctx context.Context, p Post) (Sighting, error) {
	var seen Sighting
	for _, status := range []string{"any", "trash"} {
		found, err := w.list(ctx, url.Values{"search": {"infin8:" + p.Marker}, "status": {status}})
		if err != nil {
			return Sighting{}, err
		}
		for _, post := range found {
			if r := post.remote(p.Marker); r.Marked {
				seen.Marked = append(seen.Marked, r)
			}
		}
	}
	slices.SortFunc(seen.Marked, func(a, b Remote) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	found, err := w.list(ctx, url.Values{"slug": {p.Slug}, "status": {"any"}})
	if err != nil {
		return Sighting{}, err
	}
	for _, post := range found {
		seen.SlugTaken = seen.SlugTaken || !post.remote(p.Marker).Marked
	}
	return seen, nil
}

func (w *WordPress) list(ctx context.Context, query url.Values) ([]wirePost, error) {
	query.Set("context", "edit")
	query.Set("per_page", strconv.Itoa(maxFound))
	query.Set("orderby", "id")
	query.Set("order", "asc")
	var found []wirePost
	err := w.call(ctx, http.MethodGet, "/wp/v2/posts", query, nil, &found)
	return found, err
}

// Draft makes a draft.
func (w *WordPress) Draft(ctx context.Context, p Post) (Remote, error) {
	fields, err := w.fields(ctx, p)
	if err != nil {
		return Remote{}, err
	}
	fields["status"] = "draft"
	return w.write(ctx, "/wp/v2/posts", fields, p.Marker)
}

// Get returns a post by id. A post that is gone is a RemoteConflict.
func (w *WordPress) Get(ctx context.Context, id, marker string) (Remote, error) {
	var post wirePost
	err := w.call(ctx, http.MethodGet, "/wp/v2/posts/"+url.PathEscape(id), url.Values{"context": {"edit"}}, nil, &post)
	if err != nil {
		return Remote{}, gone(err)
	}
	return post.remote(marker), nil
}

// Publish makes a post public now, or at a time in the future. It may be repeated: the id names the post. WordPress
// keeps the date of a post that it has scheduled, and schedules it again: such a post gets the date of now.
func (w *WordPress) Publish(ctx context.Context, id, marker string, at *time.Time) (Remote, error) {
	path, fields := "/wp/v2/posts/"+url.PathEscape(id), map[string]any{"status": "publish"}
	if at != nil {
		fields = map[string]any{"status": "future", "date_gmt": at.UTC().Format(wordPressTime)}
	}
	r, err := w.write(ctx, path, fields, marker)
	if err == nil && at == nil && r.State == Scheduled {
		// The site's clock may be behind.
		fields["date_gmt"] = time.Now().UTC().Add(-time.Minute).Format(wordPressTime)
		r, err = w.write(ctx, path, fields, marker)
	}
	return r, gone(err)
}

const wordPressTime = "2006-01-02T15:04:05"

// Unpublish makes a post a draft again.
func (w *WordPress) Unpublish(ctx context.Context, id, marker string) (Remote, error) {
	r, err := w.write(ctx, "/wp/v2/posts/"+url.PathEscape(id), map[string]any{"status": "draft"}, marker)
	return r, gone(err)
}

// Update replaces the content of a post in place. WordPress compares nothing itself, so the post is read just before.
func (w *WordPress) Update(ctx context.Context, c Change) (Remote, error) {
	now, err := w.Get(ctx, c.From.ID, c.Post.Marker)
	if err != nil {
		return Remote{}, err
	}
	if !c.Overwrite && (now.State == Trashed || !c.From.Same(now)) {
		return now, &Error{Class: RemoteConflict, Message: "the post was changed on the site since it was last seen"}
	}
	fields, err := w.fields(ctx, c.Post)
	if err != nil {
		return Remote{}, err
	}
	delete(fields, "slug") // The address of a public post stays.
	r, err := w.write(ctx, "/wp/v2/posts/"+url.PathEscape(c.From.ID), fields, c.Post.Marker)
	return r, gone(err)
}

// Trash moves a post to the trash, where the site keeps it for a while.
func (w *WordPress) Trash(ctx context.Context, id string) error {
	return w.call(ctx, http.MethodDelete, "/wp/v2/posts/"+url.PathEscape(id), nil, nil, nil)
}

func (w *WordPress) write(ctx context.Context, path string, fields map[string]any, marker string) (Remote, error) {
	var post wirePost
	if err := w.call(ctx, http.MethodPost, path, url.Values{"context": {"edit"}}, fields, &post); err != nil {
		return Remote{}, err
	}
	if post.ID <= 0 {
		return Remote{}, &Error{Class: ProviderUnavailable, Applied: true, Message: "the answer names no post"}
	}
	return post.remote(marker), nil
}

var (
	asHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	// inert keeps plugins from running what looks like their shortcodes, such as [gallery].
	inert = strings.NewReplacer("[", "&#91;", "]", "&#93;")
)

// fields returns a post as WordPress gets it. Title and excerpt are HTML there: those of an editor may have scripts.
func (w *WordPress) fields(ctx context.Context, p Post) (map[string]any, error) {
	fields := map[string]any{
		"slug":    p.Slug,
		"title":   inert.Replace(asHTML.Replace(p.Title)),
		"content": inert.Replace(p.HTML) + "\n" + comment(p.Marker, p.Revision),
		"excerpt": inert.Replace(asHTML.Replace(p.Excerpt)),
	}
	for _, terms := range []struct {
		field string
		names []string
	}{{"tags", p.Tags}, {"categories", p.Categories}} {
		ids := make([]int64, 0, len(terms.names))
		for _, name := range terms.names {
			id, err := w.term(ctx, terms.field, name)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		if len(ids) > 0 {
			fields[terms.field] = ids
		}
	}
	return fields, nil
}

// term returns the id of a tag or category. A new name is made; one that another request makes meanwhile is found by
// the id in the refusal.
func (w *WordPress) term(ctx context.Context, taxonomy, name string) (int64, error) {
	var found []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	query := url.Values{"search": {name}, "per_page": {"100"}, "context": {"edit"}}
	if err := w.call(ctx, http.MethodGet, "/wp/v2/"+taxonomy, query, nil, &found); err != nil {
		return 0, err
	}
	for _, term := range found {
		if strings.EqualFold(term.Name, name) {
			return term.ID, nil
		}
	}
	var made struct {
		ID int64 `json:"id"`
	}
	err := w.call(ctx, http.MethodPost, "/wp/v2/"+taxonomy, nil, map[string]any{"name": name}, &made)
	var exists *termExistsError
	if errors.As(err, &exists) {
		return exists.id, nil
	}
	// A term made twice is one term, so nothing has to be looked up.
	var failed *Error
	if errors.As(err, &failed) {
		failed.Applied = false
	}
	return made.ID, err
}

// termExistsError says that a site has a term already.
type termExistsError struct{ id int64 }

func (e *termExistsError) Error() string { return fmt.Sprintf("the term exists with the id %d", e.id) }

func (w *WordPress) call(ctx context.Context, method, path string, query url.Values, body, out any) error {
	address, err := w.address(path, query)
	if err != nil {
		return err
	}
	var exists *termExistsError
	missing := false
	_, err = exchange{
		method:  method,
		url:     address,
		body:    body,
		secrets: w.secrets(),
		sign: func(h http.Header) error {
			request := http.Request{Header: h}
			request.SetBasicAuth(w.user, w.password)
			return nil
		},
		explain: func(status int, body []byte) (string, bool) {
			e := wordPressError(status, body)
			if e.term > 0 {
				exists = &termExistsError{id: e.term}
			}
			missing = e.code == "rest_post_invalid_id"
			return e.message, e.code != ""
		},
	}.do(ctx, w.client, out)
	var failed *Error
	if errors.As(err, &failed) {
		failed.Gone = missing && failed.Status == http.StatusNotFound
	}
	if err != nil && exists != nil {
		return exists
	}
	return err
}

// address joins the root of the API with a path. Sites without readable addresses have their API in a parameter.
func (w *WordPress) address(path string, query url.Values) (string, error) {
	root, err := url.Parse(w.root)
	if err != nil || w.root == "" {
		return "", &Error{Class: InvalidRequest, Message: "the address of the site's API is not known"}
	}
	values := root.Query()
	if route := values.Get("rest_route"); route != "" {
		values.Set("rest_route", strings.TrimRight(route, "/")+path)
	} else {
		root.Path = strings.TrimRight(root.Path, "/") + path
	}
	for key, list := range query {
		values[key] = list
	}
	root.RawQuery = values.Encode()
	return root.String(), nil
}

// authSentence lists the causes that WordPress answers in the same way.
const authSentence = "the site did not accept the login: the application password is wrong, " +
	"the server removes the header Authorization, or a plugin has switched application passwords off"

// wordPressFailure is an error of the REST API. code is "" for an answer that is not the API's.
type wordPressFailure struct {
	code, message string
	term          int64 // the id of a term that exists already
}

// wordPressError reads an error of the REST API.
func wordPressError(status int, body []byte) wordPressFailure {
	var wire struct {
		Code    string          `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if !isJSON(body) || json.Unmarshal(body, &wire) != nil || wire.Code == "" {
		return wordPressFailure{}
	}
	failed := wordPressFailure{code: wire.Code, message: wire.Message + " (" + wire.Code + ")"}
	var data struct {
		TermID int64 `json:"term_id"`
	}
	if wire.Code == "term_exists" && json.Unmarshal(wire.Data, &data) == nil {
		failed.term = data.TermID
	}
	if status == http.StatusUnauthorized {
		failed.message = authSentence + " (" + wire.Code + ")"
	}
	return failed
}

// gone makes a missing post a conflict: a person has deleted it.
func gone(err error) error {
	var failed *Error
	if errors.As(err, &failed) && failed.Gone {
		failed.Class, failed.Message = RemoteConflict, "the post was deleted on the site"
	}
	return err
}
