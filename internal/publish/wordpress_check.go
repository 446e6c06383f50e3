package publish

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// apiLink is the header by which a site names the root of its API.
var apiLink = regexp.MustCompile(`<([^>]+)>;\s*rel="https://api\.w\.org/"`)

// CheckWordPress finds the API of a site and tries the login. It changes nothing on the site.
func CheckWordPress(ctx context.Context, site string, o WordPressOptions) (Capabilities, error) {
	root, err := wordPressRoot(ctx, site, o.Client)
	if err != nil {
		return Capabilities{}, err
	}
	o.Root = root
	w := NewWordPress(o)
	var about struct {
		Name           string          `json:"name"`
		Authentication json.RawMessage `json:"authentication"` // PHP writes an empty object as []
	}
	if err := w.call(ctx, http.MethodGet, "/", nil, nil, &about); err != nil {
		return Capabilities{}, err
	}
	var me struct {
		Name         string          `json:"name"`
		Capabilities map[string]bool `json:"capabilities"`
	}
	if err := w.call(ctx, http.MethodGet, "/wp/v2/users/me", url.Values{"context": {"edit"}}, nil, &me); err != nil {
		var failed *Error
		offered := strings.Contains(string(about.Authentication), "application-passwords")
		if errors.As(err, &failed) && failed.Class == Auth && !offered {
			failed.Message = "the site offers no application passwords: a plugin, or a connection without TLS, " +
				"has switched them off"
		}
		return Capabilities{}, err
	}
	return Capabilities{
		Root:       root,
		Name:       clean(hide(about.Name, w.secrets())),
		User:       clean(hide(me.Name, w.secrets())),
		CanPublish: me.Capabilities["publish_posts"],
	}, nil
}

// wordPressRoot asks the home page for the root of the API. The root must be on the same host, since the password is
// sent there.
func wordPressRoot(ctx context.Context, site string, client *http.Client) (string, error) {
	home, err := url.Parse(site)
	if err != nil {
		return "", &Error{Class: InvalidRequest, Message: "the address cannot be read", cause: err}
	}
	header, err := exchange{
		method:  http.MethodHead,
		url:     site,
		explain: func(int, []byte) (string, bool) { return "", false },
	}.do(ctx, client, nil)
	if to := header.Get("Location"); to != "" {
		return "", &Error{
			Class:   InvalidRequest,
			Message: clean("the address redirects; use the address that it leads to: " + to),
		}
	}
	if err != nil {
		return "", err
	}
	found := apiLink.FindStringSubmatch(strings.Join(header.Values("Link"), ", "))
	if found == nil {
		return strings.TrimRight(site, "/") + "/wp-json/", nil
	}
	root, err := home.Parse(found[1])
	if err != nil || root.Host != home.Host || root.Scheme != home.Scheme {
		return "", &Error{
			Class:   InvalidRequest,
			Message: "the site names an API on another host or scheme; use the site's own address",
			cause:   err,
		}
	}
	return root.String(), nil
}
