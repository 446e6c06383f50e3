package crawl

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// maxRefusals is how many pages of a site may fail before the crawl ends.
const maxRefusals = 10

// readPages reads the home page and then those of the frontier, until there are most pages. It returns the first
// failure, which matters when there is no page.
func (v *visit) readPages(ctx context.Context, site *Site, front *frontier, most int) (first *Error) {
	read := map[string]bool{}
	for next := v.home; next != nil && len(site.Pages) < most; next = front.next() {
		page, links, failure := v.page(ctx, next)
		if failure == nil {
			// Several addresses may lead to one page.
			if final, err := url.Parse(page.URL); err == nil && !read[keyOf(final)] {
				read[keyOf(final)] = true
				site.Pages = append(site.Pages, page)
				front.addLinks(final, links)
			}
			continue
		}
		if first == nil {
			first = failure
		}
		if errors.Is(failure, errRobots) { // Nothing was asked.
			continue
		}
		if ctx.Err() != nil {
			site.warn(fmt.Sprintf("The time for the site was over after %d pages.", len(site.Pages)))
			break
		}
		site.Failures = append(site.Failures, Failure{URL: next.String(), Outcome: failure.Outcome})
		if failure.Outcome == RateLimited || len(site.Failures) >= maxRefusals {
			site.warn("The crawl ended early. " + failure.Message)
			break
		}
	}
	return first
}
