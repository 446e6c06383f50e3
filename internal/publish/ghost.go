package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Ghost is one site with the Admin API of Ghost 5 or later and the key of a custom integration.
type Ghost struct {
	client *http.Client
	site   string
	id     string
	secret []byte
	now    func() time.Time
}

// GhostOptions say which site it is.
type GhostOptions struct {
	Client *http.Client
	Site   string
	// Key is the Admin API key: an id, a colon and a secret in hex.
	Key string
	// Now gives the time of a token; nil is time.Now.
	Now func() time.Time
}

// NewGhost returns a client for one site. It refuses a key of another form without quoting it.
func NewGhost(o GhostOptions) (*Ghost, error) {
	id, secret, there := strings.Cut(o.Key, ":")
	key, err := hex.DecodeString(secret)
	if !there || id == "" || err != nil || len(key) == 0 {
		return nil, &Error{Class: Auth, Message: "the Admin API key has another form than id:secret"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Ghost{
		client: o.Client,
		site:   strings.TrimRight(o.Site, "/"),
		id:     id,
		secret: key,
		now:    o.Now,
	}, nil
}

// tokenLife is what Ghost accepts at most.
const tokenLife = 5 * time.Minute

func (g *Ghost) sign(h http.Header) error {
	at := g.now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iat": at.Unix(),
		"exp": at.Add(tokenLife).Unix(),
		"aud": "/admin/",
	})
	token.Header["kid"] = g.id
	text, err := token.SignedString(g.secret)
	if err != nil {
		return err
	}
	h.Set("Authorization", "Ghost "+text)
	h.Set("Accept-Version", "v5.0")
	return nil
}

type ghostPost struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Slug      string `json:"slug"`
	Status    string `json:"status"`
	Title     string `json:"title"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
	HTML      string `json:"html"`
	Tags      []struct {
		Name string `json:"name"`
	} `json:"tags"`
}

func (p ghostPost) remote(marker string) Remote {
	r := Remote{
		ID:       p.ID,
		URL:      p.URL,
		Slug:     p.Slug,
		Title:    p.Title,
		Edited:   p.CreatedAt != p.UpdatedAt,
		State:    Draft,
		Modified: p.UpdatedAt,
		SHA256:   sha256.Sum256([]byte(p.HTML)),
	}
	switch p.Status {
	case "published", "sent":
		r.State = Live
	case "scheduled":
		r.State = Scheduled
	}
	r.Revision, _ = revisionIn(p.HTML, marker)
	for _, tag := range p.Tags {
		r.Marked = r.Marked || tag.Name == ghostMarker(marker)
	}
	return r
}

// ghostMarker is an internal tag, which no reader sees.
func ghostMarker(marker string) string { return "#infin8-" + marker }

// Check reads the site's title and tries the login. It changes nothing on the site. An integration's key may always
// publish.
func (g *Ghost) Check(ctx context.Context) (Capabilities, error) {
	var about struct {
		Site struct {
			Title   string `json:"title"`
			Version string `json:"version"`
		} `json:"site"`
	}
	if err := g.call(ctx, http.MethodGet, "site/", nil, nil, &about); err != nil {
		return Capabilities{}, err
	}
	if err := g.call(ctx, http.MethodGet, "posts/", url.Values{"limit": {"1"}}, nil, nil); err != nil {
		return Capabilities{}, err
	}
	return Capabilities{
		Root:       g.site + ghostRoot,
		Name:       clean(about.Site.Title),
		Version:    clean(about.Site.Version),
		CanPublish: true,
	}, nil
}

// Look finds the posts with the marker, and whether another post has the slug.
func (g *Ghost) Look(ctx context.Context, p Post) (Sighting, error) {
	var seen Sighting
	// The slug of an internal tag has "hash-" for "#".
	found, err := g.list(ctx, "tag:hash-infin8-"+p.Marker)
	if err != nil {
		return seen, err
	}
	for _, post := range found {
		if r := post.remote(p.Marker); r.Marked {
			seen.Marked = append(seen.Marked, r)
		}
	}
	// Ghost's ids begin with the time, in hex.
	slices.SortFunc(seen.Marked, func(a, b Remote) int { return strings.Compare(a.ID, b.ID) })
	if found, err = g.list(ctx, "slug:'"+p.Slug+"'"); err != nil {
		return Sighting{}, err
	}
	for _, post := range found {
		seen.SlugTaken = seen.SlugTaken || !post.remote(p.Marker).Marked
	}
	return seen, nil
}

func (g *Ghost) list(ctx context.Context, filter string) ([]ghostPost, error) {
	var wire struct {
		Posts []ghostPost `json:"posts"`
	}
	query := url.Values{"filter": {filter}, "formats": {"html"}, "include": {"tags"}, "limit": {"20"}}
	err := g.call(ctx, http.MethodGet, "posts/", query, nil, &wire)
	return wire.Posts, err
}

// Draft makes a draft.
func (g *Ghost) Draft(ctx context.Context, p Post) (Remote, error) {
	fields := ghostFields(p)
	fields["status"] = "draft"
	return g.write(ctx, http.MethodPost, "posts/", fields, p.Marker)
}

// ghostFields are the fields of a post. The body is one HTML card, since Ghost changes HTML outside of cards.
func ghostFields(p Post) map[string]any {
	tags := make([]map[string]string, 0, len(p.Tags)+1)
	for _, name := range p.Tags {
		tags = append(tags, map[string]string{"name": name})
	}
	return map[string]any{
		"slug":  p.Slug,
		"title": p.Title,
		"html": "<!--kg-card-begin: html-->\n" + p.HTML + "\n" + comment(p.Marker, p.Revision) +
			"\n<!--kg-card-end: html-->",
		"custom_excerpt": p.Excerpt,
		"tags":           append(tags, map[string]string{"name": ghostMarker(p.Marker)}),
	}
}

// Get returns a post by id. A post that is gone is a RemoteConflict.
func (g *Ghost) Get(ctx context.Context, id, marker string) (Remote, error) {
	var wire struct {
		Posts []ghostPost `json:"posts"`
	}
	query := url.Values{"formats": {"html"}, "include": {"tags"}}
	if err := g.call(ctx, http.MethodGet, "posts/"+url.PathEscape(id)+"/", query, nil, &wire); err != nil {
		return Remote{}, gone(err)
	}
	return one(wire.Posts, marker, false)
}

// Publish makes a post public now, or at a time in the future. It may be repeated: the id names the post.
func (g *Ghost) Publish(ctx context.Context, id, marker string, at *time.Time) (Remote, error) {
	fields := map[string]any{"status": "published"}
	if at != nil {
		fields = map[string]any{"status": "scheduled", "published_at": at.UTC().Format(ghostTime)}
	}
	return g.setState(ctx, id, marker, fields)
}

const ghostTime = "2006-01-02T15:04:05.000Z"

// Unpublish makes a post a draft again.
func (g *Ghost) Unpublish(ctx context.Context, id, marker string) (Remote, error) {
	return g.setState(ctx, id, marker, map[string]any{"status": "draft"})
}

// setState needs the stamp of the last change, which Ghost compares itself.
func (g *Ghost) setState(ctx context.Context, id, marker string, fields map[string]any) (Remote, error) {
	now, err := g.Get(ctx, id, marker)
	if err != nil {
		return Remote{}, err
	}
	if now.State == Scheduled && fields["status"] == "published" {
		fields["published_at"] = g.now().UTC().Format(ghostTime)
	}
	fields["updated_at"] = now.Modified
	return g.write(ctx, http.MethodPut, "posts/"+url.PathEscape(id)+"/", fields, marker)
}

// Update replaces the content of a post in place.
func (g *Ghost) Update(ctx context.Context, c Change) (Remote, error) {
	now, err := g.Get(ctx, c.From.ID, c.Post.Marker)
	if err != nil {
		return Remote{}, err
	}
	if !c.Overwrite && !c.From.Same(now) {
		return now, &Error{Class: RemoteConflict, Message: "the post was changed on the site since it was last seen"}
	}
	fields := ghostFields(c.Post)
	delete(fields, "slug") // The address of a public post stays.
	fields["updated_at"] = now.Modified
	return g.write(ctx, http.MethodPut, "posts/"+url.PathEscape(c.From.ID)+"/", fields, c.Post.Marker)
}

// Trash deletes a draft: Ghost has no trash.
func (g *Ghost) Trash(ctx context.Context, id string) error {
	return g.call(ctx, http.MethodDelete, "posts/"+url.PathEscape(id)+"/", nil, nil, nil)
}

// write sends the fields of a post. Without source=html, Ghost keeps an empty body.
func (g *Ghost) write(
	ctx context.Context, method, path string, fields map[string]any, marker string,
) (Remote, error) {
	var wire struct {
		Posts []ghostPost `json:"posts"`
	}
	query := url.Values{"source": {"html"}, "formats": {"html"}, "include": {"tags"}}
	if err := g.call(ctx, method, path, query, map[string]any{"posts": []any{fields}}, &wire); err != nil {
		return Remote{}, gone(err)
	}
	return one(wire.Posts, marker, true)
}

func one(posts []ghostPost, marker string, changed bool) (Remote, error) {
	if len(posts) != 1 || posts[0].ID == "" {
		return Remote{}, &Error{Class: ProviderUnavailable, Applied: changed, Message: "the answer names no post"}
	}
	return posts[0].remote(marker), nil
}

const ghostRoot = "/ghost/api/admin/"

func (g *Ghost) call(ctx context.Context, method, path string, query url.Values, body, out any) error {
	address := g.site + ghostRoot + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	conflict, missing := false, false
	_, err := exchange{
		method: method,
		url:    address,
		body:   body,
		sign:   g.sign,
		explain: func(status int, body []byte) (string, bool) {
			message, kind, ours := ghostError(body)
			conflict, missing = kind == "UpdateCollisionError", kind == "NotFoundError"
			return message, ours
		},
	}.do(ctx, g.client, out)
	var failed *Error
	if !errors.As(err, &failed) {
		return err
	}
	failed.Gone = missing && failed.Status == http.StatusNotFound
	if conflict || failed.Status == http.StatusConflict {
		failed.Class = RemoteConflict
	}
	return err
}

// ghostError reads an error of the Admin API.
func ghostError(body []byte) (message, kind string, ours bool) {
	var wire struct {
		Errors []struct {
			Message string `json:"message"`
			Context string `json:"context"`
			Type    string `json:"type"`
		} `json:"errors"`
	}
	if !isJSON(body) || json.Unmarshal(body, &wire) != nil || len(wire.Errors) == 0 {
		return "", "", false
	}
	first := wire.Errors[0]
	return strings.TrimSpace(first.Message + " " + first.Context), first.Type, true
}
