package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// PublishedFile returns a publication on a target of the kind FILE as Markdown with front matter, or NOT_FOUND when
// there is no such file.
func (e *Engine) PublishedFile(ctx context.Context, who caller.Caller, id uuid.UUID) ([]byte, error) {
	p, err := e.Publication(ctx, who, id)
	if err != nil {
		return nil, err
	}
	target, err := e.PublishTarget(ctx, who, p.TargetID)
	if err != nil {
		return nil, err
	}
	if target.Kind != workflow.TargetFile || p.State != workflow.PublicationLive {
		return found([]byte(nil), false, nil, "file")
	}
	text, err := e.PublishedText(ctx, who, p.ArticleID, p.Remote.Revision)
	if err != nil {
		return nil, err
	}
	return text.file(p.ChangedAt)
}

// file returns the text with front matter in YAML, of which JSON is a part.
func (t PublishedText) file(at time.Time) ([]byte, error) {
	var file bytes.Buffer
	file.WriteString("---\n")
	for _, field := range []struct {
		name  string
		value any
	}{
		{"title", t.Title},
		{"slug", t.Slug},
		{"description", t.Excerpt},
		{"date", at.Format(time.RFC3339)},
		{"tags", append([]string{}, t.Tags...)},
		{"synthetic", t.IsSynthetic},
	} {
		value, err := json.Marshal(field.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&file, "%s: %s\n", field.name, value)
	}
	file.WriteString("---\n\n")
	file.WriteString(t.Markdown)
	return file.Bytes(), nil
}
