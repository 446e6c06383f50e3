package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// pageRow is a page as PageInsert reads it.
type pageRow struct {
	URL   string `json:"url"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// AddPages stores pages that were all read at one time.
func (s *Store) AddPages(ctx context.Context, who caller.Caller, pages []content.WebPage, at time.Time) error {
	if len(pages) == 0 {
		return nil
	}
	rows := make([]pageRow, len(pages))
	for i, p := range pages {
		rows[i] = pageRow{URL: p.URL, Title: p.Title, Text: p.Text}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode pages: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).PageInsert(ctx, dbsqlc.PageInsertParams{
		OrganizationID: who.OrganizationID,
		At:             at,
		Pages:          encoded,
	}))
}

// Pages returns the last reading of each address since a time. An address without one is left out.
func (s *Store) Pages(
	ctx context.Context, who caller.Caller, urls []string, since time.Time,
) ([]content.WebPage, error) {
	rows, err := s.forTenant(who.OrganizationID).PageList(ctx, dbsqlc.PageListParams{
		OrganizationID: who.OrganizationID,
		Urls:           urls,
		Since:          since,
	})
	if err != nil {
		return nil, translate(err)
	}
	return toPages(rows), nil
}

// PagesAt returns pages as they were read: each has an address and a time.
func (s *Store) PagesAt(ctx context.Context, who caller.Caller, wanted []content.WebPage) ([]content.WebPage, error) {
	in := dbsqlc.PageListAtParams{OrganizationID: who.OrganizationID}
	for _, p := range wanted {
		in.Urls, in.Times = append(in.Urls, p.URL), append(in.Times, p.FetchedAt)
	}
	rows, err := s.forTenant(who.OrganizationID).PageListAt(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	return toPages(rows), nil
}

func toPages(rows []dbsqlc.Page) []content.WebPage {
	pages := make([]content.WebPage, len(rows))
	for i, r := range rows {
		pages[i] = content.WebPage{
			URL:       r.Url,
			Title:     r.Title,
			Text:      r.Text,
			FetchedAt: r.FetchedAt.UTC(),
		}
	}
	return pages
}
