// Package publish speaks to the sites that posts go to: WordPress and Ghost. A method is one step of a protocol and
// returns what the site answered. The package never makes a public post: it makes a draft, and publishes by id. It
// decides nothing, retries nothing and keeps nothing.
//
// Tenants choose the addresses, so the caller passes a client of package outbound.
package publish

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"
)

// Limits of what a site may answer. A longer list is cut, a longer text is an error.
const (
	maxAnswerBytes = 4 << 20
	maxHeaderBytes = 32 << 10
	// maxFound is how many posts with one marker are read. There is one, or two after a lost answer.
	maxFound = 20
	timeout  = 20 * time.Second
)

// Post is one article as a site gets it.
type Post struct {
	// Marker names the publication, and Revision the content. The site keeps both inside the post, invisible to readers.
	Marker   string
	Revision int
	// Slug is the last part of the post's address.
	Slug    string
	Title   string // plain text
	HTML    string // sanitised
	Excerpt string // plain text
	// Tags and Categories are names. A name that the site does not have yet becomes a new one.
	Tags       []string
	Categories []string // WordPress only
}

// State is the state of a post on its site.
type State string

// The states. A site's own state beyond these, such as "pending review", counts as a draft.
const (
	Draft     State = "DRAFT"
	Scheduled State = "SCHEDULED"
	Live      State = "LIVE"
	Trashed   State = "TRASHED"
)

// Remote is a post as its site has it.
type Remote struct {
	// ID is the site's own id.
	ID    string
	URL   string
	Slug  string
	Title string
	State State
	// Edited reports whether the site says that the post was changed since it was made.
	Edited bool
	// Modified is the site's stamp of the last change. It is compared for equality only: the clock is the site's.
	Modified string
	// SHA256 is over the content as the site stores it, which may differ from what was sent.
	SHA256 [sha256.Size]byte
	// Marked reports whether the post has the marker that was asked for, and Revision which content; 0 when the marker
	// names none.
	Marked   bool
	Revision int
}

// Same reports whether nothing has changed the content of a post since it was seen as r.
func (r Remote) Same(now Remote) bool { return r.Modified == now.Modified && r.SHA256 == now.SHA256 }

// Sighting is the result of a look for a post.
type Sighting struct {
	// Marked are the posts with the marker, also trashed ones, by ascending id: the oldest one comes first.
	Marked []Remote
	// SlugTaken reports whether a post without the marker has the slug.
	SlugTaken bool
}

// Capabilities are what a check of a site found.
type Capabilities struct {
	// Root is the address of the site's API.
	Root string
	// Name is the site's title, and User the account that posts are made as.
	Name string
	User string
	// Version is the software's version where the site reveals it.
	Version string
	// CanPublish reports whether the account may publish posts, not only make drafts.
	CanPublish bool
}

// Change is what Update makes of a post.
type Change struct {
	// From is the post as the caller saw it last. A site that has another one refuses with RemoteConflict.
	From Remote
	// Overwrite makes the change even then.
	Overwrite bool
	Post      Post
}

// comment is the marker and the revision inside the content. An HTML comment survives on WordPress for the roles editor
// and author, where unregistered meta fields do not, and on Ghost inside an HTML card.
func comment(marker string, revision int) string {
	return commentOf(marker) + strconv.Itoa(revision) + " -->"
}

func commentOf(marker string) string { return "<!-- infin8:" + marker + " " }

// revisionIn returns the revision in the comment of a marker. marked is false when the content has no such comment.
func revisionIn(content, marker string) (revision int, marked bool) {
	_, rest, marked := strings.Cut(content, commentOf(marker))
	if !marked {
		return 0, false
	}
	number, _, _ := strings.Cut(rest, " ")
	revision, err := strconv.Atoi(number)
	if err != nil || revision < 0 {
		return 0, true
	}
	return revision, true
}
