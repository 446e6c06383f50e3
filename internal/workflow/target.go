package workflow

// TargetKind is the kind of a site that articles are published to.
type TargetKind string

// The kinds of target.
const (
	TargetWordPress TargetKind = "WORDPRESS" // the REST API of WordPress, with an application password
	TargetGhost     TargetKind = "GHOST"     // the Admin API of Ghost, with the key of an integration
	TargetWebhook   TargetKind = "WEBHOOK"   // a signed message with the article
	TargetFile      TargetKind = "FILE"      // Markdown to download from the engine
)

// TargetKinds returns all kinds. The caller may change the slice.
func TargetKinds() []TargetKind {
	return []TargetKind{TargetWordPress, TargetGhost, TargetWebhook, TargetFile}
}

// TargetPolicy says how far an article goes on its site without a person.
type TargetPolicy string

// The policies.
const (
	PolicyDraft   TargetPolicy = "DRAFT"   // a draft, which a person publishes on the site
	PolicyPublish TargetPolicy = "PUBLISH" // public at once, or at the time of the approval
)

// TargetState says whether a target can be used.
type TargetState string

// The states of a target. RETIRED is final.
const (
	TargetUnchecked TargetState = "UNCHECKED" // its secret was never tried
	TargetChecking  TargetState = "CHECKING"  // a worker is trying it
	TargetReady     TargetState = "READY"     // the last check succeeded
	TargetFailed    TargetState = "FAILED"    // the last check failed
	TargetRetired   TargetState = "RETIRED"   // no article is published to it any more
)
