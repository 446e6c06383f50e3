package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// seedsKept is how many keywords an analysis keeps, the best ones.
	seedsKept = 300
	// rivalsWanted is how many competitors an analysis has at least, if they can be found.
	rivalsWanted = 3
	// rivalsAtOnce is how many competitors are analysed in parallel.
	rivalsAtOnce = 3
)

// competitor is the second step: it scores the search phrases of competitors as seed keywords.
type competitor struct{ options Options }

// Key is COMPETITOR.
func (*competitor) Key() workflow.StepKey { return workflow.StepCompetitor }

// analysis is one attempt at the step.
type analysis struct {
	visit
	flow  workflow.Workflow
	input engine.StepInput
	mode  content.Mode
}

// rival is a competitor of the workflow's company.
type rival struct {
	domain   string
	proposed bool
}

// finding is what the analysis found for one competitor, or without competitors.
type finding struct {
	rival
	candidates []content.Candidate
	// provider and model gave the answer.
	provider, model string
	warnings        []string
	// failed is the reason why there are no candidates; nil for a finding.
	failed error
}

// Run makes one attempt, as Executor says. Answers that an earlier attempt paid for are not asked for again.
func (s *competitor) Run(ctx context.Context, who caller.Caller, flow workflow.Workflow, run workflow.Run) error {
	r := runner{options: s.options, who: who, run: run}
	v, err := r.visit(ctx)
	if err != nil {
		return r.fail(ctx, err)
	}
	a := &analysis{visit: v, flow: flow}
	err = v.book(ctx, func(ctx context.Context) (err error) {
		a.input, err = s.options.Engine.StepInput(ctx, v.who, v.run)
		return err
	})
	if err != nil {
		return r.fail(ctx, err)
	}
	in, err := a.analyse(ctx)
	if err != nil {
		return r.fail(ctx, err)
	}
	return v.finish(ctx, in)
}

// analyse returns the end of the run.
func (a *analysis) analyse(ctx context.Context) (engine.FinishInput, error) {
	if err := a.choose(); err != nil {
		return engine.FinishInput{}, err
	}
	var warnings []string
	rivals, dropped, err := a.rivals(ctx)
	if err != nil {
		return engine.FinishInput{}, err
	}
	warnings = append(warnings, dropped...)
	if a.mode != content.ModeModel && len(rivals) == 0 {
		if a.input.Market.Mode != content.ModeBest {
			return engine.FinishInput{}, &emptyError{"No competitor was found. Name some, or choose the mode MODEL."}
		}
		a.mode = content.ModeModel
		warnings = append(warnings, "No competitor was found, so the keywords come from a language model alone.")
	}
	findings, err := a.findings(ctx, rivals)
	if err != nil {
		return engine.FinishInput{}, err
	}
	return a.end(rivals, findings, warnings)
}

// choose sets the mode: the one of the organization's market, or the best one that the server has.
func (a *analysis) choose() error {
	switch a.mode = a.input.Market.Mode; {
	case a.mode == content.ModeCrawl && a.options.Crawler == nil:
		return &unavailableError{"This server reads no websites, so the mode CRAWL is not possible. Set another mode."}
	case a.mode == content.ModeDataForSEO && a.options.Search == nil:
		return &unavailableError{"This server has no access to DataForSEO. Set another mode."}
	case a.mode == content.ModeBest && a.options.Search != nil:
		a.mode = content.ModeDataForSEO
	case a.mode == content.ModeBest && a.options.Crawler != nil:
		a.mode = content.ModeCrawl
	case a.mode == content.ModeBest:
		a.mode = content.ModeModel
	}
	return nil
}

// findings analyses the competitors in parallel. An error ends the run; the failure of one competitor does not.
func (a *analysis) findings(ctx context.Context, rivals []rival) ([]finding, error) {
	if a.mode == content.ModeModel {
		found, err := a.fromModel(ctx, rivals)
		return []finding{found}, err
	}
	find := a.fromSite
	if a.mode == content.ModeDataForSEO {
		find = a.fromSearch
	}
	all := make([]finding, len(rivals))
	// A failure of one must not end the others: their answers are paid.
	var group errgroup.Group
	group.SetLimit(rivalsAtOnce)
	for i, r := range rivals {
		group.Go(func() error {
			found, err := find(ctx, r)
			found.rival, found.failed = r, err
			all[i] = found
			if err != nil && !a.concernsOne(ctx, err) {
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return all, nil
}

// concernsOne reports whether a failure leaves the other competitors as they are.
func (a *analysis) concernsOne(ctx context.Context, err error) bool {
	end := runEndOf(ctx, err)
	return !end.lost && end.code != "" && end.code != workflow.FailureLeaseExpired && end.code != workflow.FailureInternal
}

// end merges the findings into keywords. It fails with the most retryable failure when there is no finding.
func (a *analysis) end(rivals []rival, findings []finding, warnings []string) (engine.FinishInput, error) {
	var (
		candidates []content.Candidate
		worst      error
		in         engine.FinishInput
	)
	for _, found := range findings {
		if found.failed != nil {
			if worst == nil || retryability(found.failed) > retryability(worst) {
				worst = found.failed
			}
			continue
		}
		candidates = append(candidates, found.candidates...)
		in.Result.Provider, in.Result.Model = found.provider, found.model
	}
	if in.Result.Provider == "" && worst != nil {
		return in, worst
	}
	in.Keywords = a.seeds(rivals, candidates)
	if len(in.Keywords) == 0 {
		return in, &emptyError{"The analysis found no keyword."}
	}
	content, err := json.Marshal(a.result(rivals, findings, warnings))
	if err != nil {
		return in, fmt.Errorf("encode the analysis: %w", err)
	}
	in.Result.Content = content
	return in, nil
}

// retryability orders failures: the greater, the more a repetition can help.
func retryability(err error) int {
	switch runEndOf(context.Background(), err).code {
	case workflow.FailureTimeout, workflow.FailureRateLimited, workflow.FailureProviderUnavailable,
		workflow.FailureNetwork:
		return 2
	case workflow.FailureInvalidOutput, workflow.FailureModelDrift:
		return 1
	}
	return 0
}

// seeds drops what no article is planned for, and merges and scores the rest.
func (a *analysis) seeds(rivals []rival, candidates []content.Candidate) []content.SeedKeyword {
	names := brandsOf(a.flow.Company, domainsOf(rivals))
	candidates = slices.DeleteFunc(candidates, func(c content.Candidate) bool {
		return !content.IsKeyword(c.Text) || a.input.Market.Refuses(c.Text) || names.has(c.Text)
	})
	source := map[content.Mode]content.Source{
		content.ModeDataForSEO: content.SourceDataForSEO,
		content.ModeCrawl:      content.SourceCrawl,
		content.ModeModel:      content.SourceModel,
	}[a.mode]
	return content.Seeds(candidates, profileOf(a.input.Profile), source, seedsKept)
}

// result describes the analysis beside its keywords.
func (a *analysis) result(rivals []rival, findings []finding, warnings []string) content.Analysis {
	result := content.Analysis{Mode: a.mode, Competitors: []content.Competitor{}, Warnings: warnings}
	if a.mode != content.ModeDataForSEO {
		result.Warnings = append(result.Warnings,
			"The keywords come from a language model. Their search volumes are unknown.")
	}
	for _, r := range rivals {
		of := content.Competitor{Domain: r.domain, Proposed: r.proposed, Mode: a.mode}
		if at := slices.IndexFunc(findings, func(f finding) bool { return f.domain == r.domain }); at >= 0 {
			found := findings[at]
			of.Keywords, of.Warnings = len(found.candidates), found.warnings
			if found.failed != nil {
				of.Failed = true
				of.Warnings = append(of.Warnings, "It was left out. "+sentenceOf(found.failed))
			}
		}
		result.Competitors = append(result.Competitors, of)
	}
	return result
}

// sentenceOf returns the message of a failure that a customer may read.
func sentenceOf(err error) string { return runEndOf(context.Background(), err).message }

// unavailableError means that the organization's settings ask for what this server does not have.
type unavailableError struct{ sentence string }

func (e *unavailableError) Error() string { return e.sentence }
