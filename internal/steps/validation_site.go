package steps

import (
	"context"
	"errors"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/workflow"
)

// The limits of what validation keeps of the company's own website.
const (
	// ownPagesRead is how many pages are read for their titles. Of the others the address counts.
	ownPagesRead = 15
	ownPagesMost = content.MostExisting / 2
	// ownPagesBytes leaves room in a part, which has at most 256 kB.
	ownPagesBytes = 180 << 10
)

// ownSite are the pages of the company's own website. Warnings say why some or all are missing.
type ownSite struct {
	Pages    []content.Existing `json:"pages"`
	Warnings []string           `json:"warnings,omitempty"`
}

// ownSite reads the company's own website, or the part that is there. A website that cannot be read is a warning: the
// plan is then made without it.
func (s *validation) ownSite(ctx context.Context, v visit, flow workflow.Workflow) (ownSite, error) {
	domain, valid := content.Domain(flow.Company.URL)
	if s.options.Crawler == nil || !valid {
		return ownSite{Warnings: []string{"The company's own website was not compared."}}, nil
	}
	return free(ctx, v, keyOf("own", domain), func(ctx context.Context) (ownSite, error) {
		read, err := s.options.Crawler.Site(ctx, domain, ownPagesRead)
		var refused *crawl.Error
		if errors.As(err, &refused) && ctx.Err() == nil {
			return ownSite{Warnings: []string{"The company's own website was not compared. " + refused.Message}}, nil
		}
		if err != nil {
			return ownSite{}, err
		}
		return describeOwn(read), nil
	})
}

// describeOwn returns the pages that were read with their titles, and then the other addresses.
func describeOwn(read crawl.Site) ownSite {
	own := ownSite{Warnings: read.Warnings}
	size := 0
	add := func(address, title string) {
		size += len(address) + len(title) + 40
		if len(own.Pages) < ownPagesMost && size <= ownPagesBytes {
			own.Pages = append(own.Pages, content.Existing{Reference: address, Title: crawl.Clean(title, siteLine)})
		}
	}
	for _, page := range read.Pages {
		add(page.URL, page.Title)
	}
	for _, address := range read.Addresses {
		add(address, "")
	}
	return own
}
