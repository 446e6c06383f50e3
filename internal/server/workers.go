package server

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	sites "github.com/infin8content/engine/internal/crawl/sandbox"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/steps"
)

// wireWorkers adds the River runner, the sweepers and, if a flag asks for it, the sandbox.
func (s *Server) wireWorkers(p pools) error {
	gateway, err := s.gateway()
	if err != nil {
		return err
	}
	search, err := s.search(s.store(p.requests))
	if err != nil {
		return err
	}
	box, err := s.secrets.box()
	if err != nil {
		return err
	}
	sender := s.settings.sender(s.secrets.WebhookKey)
	options := steps.Options{
		Engine:  s.engine,
		Gateway: gateway,
		Search:  search,
		Limit:   s.settings.AttemptLimit,
		Now:     time.Now,
		Logger:  s.logger,
		Observe: s.observers.models(),

		Models:         s.settings.models(),
		EmbeddingModel: s.settings.Embedding,
		Crawler:        s.crawler(),
		Sites:          s.settings.sites(box, s.engine, s.sandboxSite),
		Looks:          s.settings.PublishLooks,
	}
	runner, err := jobs.NewRunner(jobs.Options{
		Pool:      p.direct,
		Engine:    s.engine,
		Executors: s.observers.runs(steps.New(options)),
		Units:     s.observers.units(steps.NewUnits(options)),
		Workers:   s.settings.WorkerCount,

		UnitWorkers: s.settings.UnitWorkers,

		Name:      jobs.NewName(),
		Logger:    s.logger,
		Webhooks:  sender,
		Sites:     options.Sites,
		Checks:    box != nil,
		Verify:    verifyIn(s.store(p.requests)),
		Watch:     s.settings.Watch,
		Heartbeat: s.settings.Heartbeat,
		Lease:     s.settings.Lease,
	})
	if err != nil {
		return err
	}
	sweeper := &jobs.Sweeper{
		Engine: s.engine,
		Ask:    gateway.Ask,
		Find:   search.Find,
		Alerts: sender != nil,
		Runs:   s.settings.Sweep,
		Logger: s.logger,
	}
	s.parts = append(s.parts, runner.Run, sweeper.Run)
	return nil
}

// gateway returns the way to the models: the provider, or the sandbox on a port of its own.
func (s *Server) gateway() (steps.Gateway, error) {
	url, key, name := s.settings.ProviderURL, s.secrets.ProviderKey, "openrouter"
	if s.settings.Sandbox {
		address, err := s.serveSandbox()
		if err != nil {
			return steps.Gateway{}, err
		}
		url, key, name = address, "sandbox", sandbox.Provider
	}
	client, err := llm.New(llm.Options{BaseURL: url, Key: key, Title: "Infin8Content"})
	if err != nil {
		return steps.Gateway{}, fmt.Errorf("the model provider: %w", err)
	}
	s.closers = append(s.closers, client.Close)
	return steps.Gateway{Client: client, Name: name}, nil
}

// crawler returns the reader of websites; nil when the settings turn it off. With the sandbox, and with
// synthetic websites, it reads those under .example, without a pause, beside those of the internet.
func (s *Server) crawler() *crawl.Crawler {
	if !s.settings.Crawl {
		return nil
	}
	o := crawl.Options{Contact: s.settings.CrawlContact}
	if s.settings.Sandbox || s.settings.MadeUpSites {
		synthetic := sites.New()
		s.closers = append(s.closers, func() { _ = synthetic.Close() })
		o.Override, o.Pause = synthetic.Connect, -1
	}
	return crawl.New(o)
}

func (s *Server) serveSandbox() (address string, err error) {
	s.books.models = sandbox.New(sandbox.Options{Prices: cost.StartPrices(), Logger: s.logger})
	address, err = s.serveSynthetic(s.books.models)
	if err == nil {
		s.logger.Warn("answers are synthetic: the sandbox stands in for the model provider", "url", address)
	}
	return address, err
}

// serveSynthetic serves a sandbox on a port of its own.
func (s *Server) serveSynthetic(handler http.Handler) (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the sandbox: %w", err)
	}
	synthetic := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = synthetic.Serve(listener) }()
	s.closers = append(s.closers, func() { _ = synthetic.Close() })
	return "http://" + listener.Addr().String(), nil
}
