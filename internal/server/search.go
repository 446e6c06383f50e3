package server

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/seo"
	"github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/steps"
)

// The limits of an account at DataForSEO are 2000 requests a minute, 30 at once, and 10 lists a minute. Ours are lower,
// because other programs may use the same account, and count over all servers.
var (
	searchRate = rate.Limit{Capacity: 200, MicroPerSecond: rate.PerMinute(1500)}
	listRate   = rate.Limit{Capacity: 2, MicroPerSecond: rate.PerMinute(8)}
)

const (
	searchesAtOnce = 20
	// searchLease is longer than a request.
	searchLease = seo.DefaultTimeout + 20*time.Second
	// searchWait is the longest wait for the limits. An attempt then fails and is repeated later.
	searchWait = 30 * time.Second
)

// research is where the evidence of articles comes from: result pages where the server has search data.
func (s *Server) research() cost.ResearchMode {
	if s.secrets.SearchLogin == "" && !s.settings.Sandbox {
		return cost.ResearchSiteOnly
	}
	return cost.ResearchSERPCrawl
}

// search returns the source of search data: the provider, the sandbox on a port of its own, or nil.
func (s *Server) search(store *postgres.Store) (*steps.Search, error) {
	url, login, password, name := s.settings.SEOURL, s.secrets.SearchLogin, s.secrets.SearchPassword, "dataforseo"
	if login == "" && !s.settings.Sandbox {
		return nil, nil
	}
	if login == "" {
		s.books.search = sandbox.New(sandbox.Options{Prices: cost.StartPrices(), Logger: s.logger})
		address, err := s.serveSynthetic(s.books.search)
		if err != nil {
			return nil, err
		}
		url, login, password, name = address, "sandbox", "sandbox", sandbox.Provider
		s.logger.Warn("search data is synthetic: the sandbox stands in for the provider", "url", address)
	}
	client, err := seo.New(seo.Options{BaseURL: url, Login: login, Password: password})
	if err != nil {
		return nil, fmt.Errorf("the provider of search data: %w", err)
	}
	s.closers = append(s.closers, client.Close)
	requests := rate.New(searchRate, store.TakeService, time.Now)
	lists := rate.New(listRate, store.TakeService, time.Now)
	slots := rate.Slots{
		Store:   store,
		Service: name,
		Most:    searchesAtOnce,
		Lease:   searchLease,
		Wait:    searchWait,
		Now:     time.Now,
	}
	return &steps.Search{
		Client: client,
		Name:   name,
		Admit: func(ctx context.Context) (func(), error) {
			if err := requests.Wait(ctx, name, searchWait); err != nil {
				return nil, err
			}
			return slots.Take(ctx)
		},
		AdmitList: func(ctx context.Context) error { return lists.Spend(ctx, name+"/list", 1) },
		Now:       time.Now,
	}, nil
}
