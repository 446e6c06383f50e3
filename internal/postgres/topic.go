package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// NewClustering is the result of topic clustering of one visit.
type NewClustering struct {
	WorkflowID  uuid.UUID
	Visit       int
	Clustering  content.Clustering
	IsSynthetic bool
	At          time.Time
}

// topicRow is a topic as TopicInsert reads it.
type topicRow struct {
	ID       uuid.UUID        `json:"id"`
	Position int              `json:"position"`
	Label    string           `json:"label"`
	Least    float64          `json:"least"`
	Mean     float64          `json:"mean"`
	Methods  []content.Method `json:"methods"`
}

// AddClustering writes topics, pages and keywords in three statements.
func (s *Store) AddClustering(ctx context.Context, who caller.Caller, in NewClustering) error {
	rows := make([]topicRow, len(in.Clustering.Topics))
	for i, topic := range in.Clustering.Topics {
		rows[i] = topicRow{
			ID:       topic.ID,
			Position: topic.Position,
			Label:    topic.Label,
			Least:    topic.Similarity.Least,
			Mean:     topic.Similarity.Mean,
			Methods:  append([]content.Method{}, topic.Similarity.Methods...),
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode topics: %w", err)
	}
	err = s.forTenant(who.OrganizationID).TopicInsert(ctx, dbsqlc.TopicInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		At:             in.At,
		Topics:         encoded,
	})
	if err != nil {
		return translate(err)
	}
	if err := s.AddTopicPages(ctx, who, in); err != nil {
		return err
	}
	return s.addTopicKeywords(ctx, who, in)
}

// The most rows of one visit.
const (
	topicsOfVisit        = 200
	topicKeywordsOfVisit = 5000
)

// Clusterings returns the result of topic clustering of one visit of each workflow, with what people attached.
func (s *Store) Clusterings(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID]content.Clustering, error) {
	if len(visits) == 0 {
		return map[uuid.UUID]content.Clustering{}, nil
	}
	found, err := s.ClusteringsOfVisits(ctx, who, keysOf(visits))
	all := make(map[uuid.UUID]content.Clustering, len(found))
	for key, clustering := range found {
		all[key.WorkflowID] = clustering
	}
	return all, err
}

// ClusteringsOfVisits returns the topics of visits.
func (s *Store) ClusteringsOfVisits(
	ctx context.Context, who caller.Caller, visits []VisitKey,
) (map[VisitKey]content.Clustering, error) {
	flows, numbers := visitColumns(visits)
	keywords, err := s.topicKeywords(ctx, who, flows, numbers)
	if err != nil {
		return nil, err
	}
	pages, err := s.topicPages(ctx, who, flows, numbers)
	if err != nil {
		return nil, err
	}
	topics, err := s.forTenant(who.OrganizationID).TopicListByVisits(ctx, dbsqlc.TopicListByVisitsParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		Visits:         numbers,
		PageSize:       int32(len(flows) * topicsOfVisit),
	})
	if err != nil {
		return nil, translate(err)
	}
	return assembled(topics, pages, keywords), nil
}

// assembled puts keywords on their pages and pages into their topics.
func assembled(
	topics []dbsqlc.Topic, pages []content.TopicPage, keywords []content.TopicKeyword,
) map[VisitKey]content.Clustering {
	all := map[VisitKey]content.Clustering{}
	byPage := map[uuid.UUID][]content.TopicKeyword{}
	var attached []content.TopicKeyword
	for _, k := range keywords {
		key := VisitKey{k.WorkflowID, k.Visit}
		clustering := all[key]
		clustering.Keywords = append(clustering.Keywords, k)
		all[key] = clustering
		switch {
		case k.AttachedBy != "":
			attached = append(attached, k)
		case k.PageID != nil:
			byPage[*k.PageID] = append(byPage[*k.PageID], k)
		}
	}
	for _, k := range attached { // After the ones that clustering found.
		byPage[*k.PageID] = append(byPage[*k.PageID], k)
	}
	byTopic := map[uuid.UUID][]content.TopicPage{}
	for _, page := range pages {
		page.Keywords = byPage[page.ID]
		if page.TopicID != nil {
			byTopic[*page.TopicID] = append(byTopic[*page.TopicID], page)
			continue
		}
		key := VisitKey{page.WorkflowID, page.Visit}
		clustering := all[key]
		clustering.Own = append(clustering.Own, page)
		all[key] = clustering
	}
	for _, row := range topics {
		topic := toTopic(row)
		topic.Pages = byTopic[topic.ID]
		key := VisitKey{topic.WorkflowID, topic.Visit}
		clustering := all[key]
		clustering.Topics = append(clustering.Topics, topic)
		all[key] = clustering
	}
	return all
}

func toTopic(r dbsqlc.Topic) content.PageTopic {
	return content.PageTopic{
		OrganizationID: r.OrganizationID,
		ID:             r.ID,
		WorkflowID:     r.WorkflowID,
		Visit:          r.Visit,
		Position:       r.Position,
		Label:          r.Label,
		Similarity:     similarity(r.Least, r.Mean, r.Methods),
		CreatedAt:      r.CreatedAt.UTC(),
	}
}

func similarity(least, mean float64, methods []string) content.Similarity {
	read := content.Similarity{Least: least, Mean: mean}
	for _, method := range methods {
		read.Methods = append(read.Methods, content.Method(method))
	}
	return read
}
