package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// NewKeywords are keywords of one visit, all written at once.
type NewKeywords struct {
	WorkflowID  uuid.UUID
	Visit       int
	Keywords    []content.SeedKeyword
	IsSynthetic bool
	At          time.Time
}

// keywordRow is a keyword as KeywordInsert reads it.
type keywordRow struct {
	ID         uuid.UUID       `json:"id"`
	Text       string          `json:"text"`
	Normalised string          `json:"normalised"`
	Volume     *int            `json:"volume"`
	Difficulty *int            `json:"difficulty"`
	CPC        *int64          `json:"cpc"`
	Intent     *content.Intent `json:"intent"`
	Language   *string         `json:"language"`
	Source     content.Source  `json:"source"`
	Competitor string          `json:"competitor"`
	Score      float64         `json:"score"`
	Reasons    []string        `json:"reasons"`
	SimilarTo  string          `json:"similar_to"`
}

// AddKeywords writes the keywords that the visit does not have yet and returns how many that were.
func (s *Store) AddKeywords(ctx context.Context, who caller.Caller, in NewKeywords) (int, error) {
	rows := make([]keywordRow, len(in.Keywords))
	for i, k := range in.Keywords {
		rows[i] = keywordRow{
			ID:         k.ID,
			Text:       k.Text,
			Normalised: k.Normalised,
			Volume:     k.Volume,
			Difficulty: k.Difficulty,
			CPC:        (*int64)(k.CPC),
			Intent:     pointer(k.Intent),
			Language:   pointer(k.Language),
			Source:     k.Source,
			Competitor: k.Competitor,
			Score:      k.Score,
			Reasons:    append([]string{}, k.Reasons...),
			SimilarTo:  k.SimilarTo,
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return 0, fmt.Errorf("encode keywords: %w", err)
	}
	added, err := s.forTenant(who.OrganizationID).KeywordInsert(ctx, dbsqlc.KeywordInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		IsSynthetic:    in.IsSynthetic,
		CreatedBy:      who.Actor,
		At:             in.At,
		Keywords:       encoded,
	})
	return int(added), translate(err)
}

// Keyword returns one keyword with its decision.
func (s *Store) Keyword(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (keyword content.SeedKeyword, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).KeywordGet(ctx, dbsqlc.KeywordGetParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
	})
	return one(dbsqlc.KeywordListRow(row), err, toKeyword)
}

// keywordsOfVisit is more than a visit can have.
const keywordsOfVisit = 1000

// Keywords returns the keywords of one visit of each workflow with their decisions, the highest score first.
func (s *Store) Keywords(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]content.SeedKeyword, error) {
	keywords, err := s.KeywordsOfVisits(ctx, who, keysOf(visits))
	return group(keywords, err, func(k content.SeedKeyword) uuid.UUID { return k.WorkflowID })
}

// KeywordsOfVisits returns the keywords of visits with their last decisions, the highest score of a workflow first.
func (s *Store) KeywordsOfVisits(
	ctx context.Context, who caller.Caller, visits []VisitKey,
) ([]content.SeedKeyword, error) {
	in := dbsqlc.KeywordListParams{OrganizationID: who.OrganizationID, PageSize: int32(len(visits) * keywordsOfVisit)}
	in.WorkflowIds, in.Visits = visitColumns(visits)
	rows, err := s.forTenant(who.OrganizationID).KeywordList(ctx, in)
	return many(rows, err, toKeyword)
}

// Chosen is the last decision about a keyword of an earlier visit.
type Chosen struct {
	Normalised, Text string
	Choice           content.Choice
	Actor, Reason    string
}

// ChosenBefore returns the last decision about each keyword of the visits before one, by the normalised text.
func (s *Store) ChosenBefore(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) (map[string]Chosen, error) {
	rows, err := s.forTenant(who.OrganizationID).KeywordListChosenBefore(ctx, dbsqlc.KeywordListChosenBeforeParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          visit,
	})
	if err != nil {
		return nil, translate(err)
	}
	chosen := map[string]Chosen{}
	for _, row := range rows {
		chosen[row.Normalised] = Chosen(row)
	}
	return chosen, nil
}

func toKeyword(r dbsqlc.KeywordListRow) content.SeedKeyword {
	k := r.Keyword
	return content.SeedKeyword{
		OrganizationID: k.OrganizationID,
		ID:             k.ID,
		WorkflowID:     k.WorkflowID,
		Visit:          k.Visit,
		Text:           k.Text,
		Normalised:     k.Normalised,
		Volume:         k.Volume,
		Difficulty:     k.Difficulty,
		CPC:            (*cost.Pico)(k.CpcPico),
		Intent:         value(k.Intent),
		Language:       value(k.Language),
		Source:         k.Source,
		Competitor:     k.Competitor,
		Score:          k.Score,
		Reasons:        k.Reasons,
		SimilarTo:      k.SimilarTo,
		IsSynthetic:    k.IsSynthetic,
		CreatedBy:      k.CreatedBy,
		CreatedAt:      k.CreatedAt.UTC(),
		Choice:         content.Choice(r.Choice),
		Origin:         content.Origin(r.Origin),
		DecidedBy:      r.DecidedBy,
	}
}
