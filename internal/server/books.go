package server

import (
	"github.com/infin8content/engine/internal/cost"
	models "github.com/infin8content/engine/internal/llm/sandbox"
	site "github.com/infin8content/engine/internal/publish/sandbox"
	search "github.com/infin8content/engine/internal/seo/sandbox"
)

// sandboxes are those that the server runs; nil without one.
type sandboxes struct {
	models *models.Sandbox
	search *search.Sandbox
	site   *site.WordPress
}

// SandboxBooks are the sandboxes' own records of what they charged and published. The engine does not read them.
type SandboxBooks struct {
	// ModelsName and SearchName are the providers' names in the engine's books.
	ModelsName, SearchName string

	of      sandboxes
	siteURL string
}

// SandboxBooks returns the books of the sandboxes, and whether the server runs all of them.
func (s *Server) SandboxBooks() (SandboxBooks, bool) {
	b := SandboxBooks{
		ModelsName: models.Provider,
		SearchName: search.Provider,
		of:         s.books,
		siteURL:    s.sandboxSite,
	}
	return b, b.of.models != nil && b.of.search != nil && b.of.site != nil
}

// Models returns the charges for answers of models, by the ids of the generations.
func (b SandboxBooks) Models() map[string]cost.Pico {
	charges := map[string]cost.Pico{}
	for id, charge := range b.of.models.Charges() {
		charges[id] = charge.Cost
	}
	return charges
}

// Search returns the charges for search data, by the ids of the tasks.
func (b SandboxBooks) Search() map[string]cost.Pico {
	charges := map[string]cost.Pico{}
	for _, task := range b.of.search.Tasks() {
		charges[task.ID] = task.Cost
	}
	return charges
}

// Posts returns the addresses of the public posts.
func (b SandboxBooks) Posts() (public []string) {
	for _, post := range b.of.site.Posts() {
		if post.Status == "publish" {
			public = append(public, b.siteURL+"/"+post.Slug+"/")
		}
	}
	return public
}
