package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// AddArticleVersion writes the next version of an article; its revision is not read from v. written is false when the
// text is not the next version: BasedOn is not the last one, or the text was written from the brief and a person has
// written in this visit. Of two writers at once one wins.
func (s *Store) AddArticleVersion(
	ctx context.Context, who caller.Caller, v content.ArticleVersion,
) (_ content.ArticleVersion, written bool, err error) {
	checks, err := json.Marshal(append([]content.Check{}, v.Checks...))
	if err != nil {
		return v, false, fmt.Errorf("encode checks: %w", err)
	}
	row, err := s.forTenant(who.OrganizationID).ArticleVersionInsert(ctx, dbsqlc.ArticleVersionInsertParams{
		OrganizationID:  who.OrganizationID,
		ArticleID:       v.ArticleID,
		WorkflowID:      v.WorkflowID,
		Visit:           v.Visit,
		BasedOn:         v.BasedOn,
		Title:           v.Title,
		MetaDescription: v.MetaDescription,
		Markdown:        v.Markdown,
		Words:           v.Words,
		Fingerprint:     int64(v.Fingerprint),
		Checks:          checks,
		NeedsReview:     v.NeedsReview,
		Mode:            v.Mode,
		BrandRevision:   v.BrandRevision,
		AuthorKind:      v.Author,
		IsSynthetic:     v.IsSynthetic,
		Actor:           who.Actor,
		Reason:          v.Reason,
		At:              v.CreatedAt,
		Person:          string(content.AuthorPerson),
	})
	kept, written, err := one(row, err, toArticleVersion)
	if err != nil || !written {
		return v, written, err
	}
	kept.Checks = v.Checks
	return kept, true, nil
}

// LastEditor returns the last person who changed one of some texts, in the visits of their revisions. found is false
// when the engine wrote all of them from their briefs.
func (s *Store) LastEditor(
	ctx context.Context, who caller.Caller, revisions map[uuid.UUID]int,
) (actor string, found bool, err error) {
	in := dbsqlc.ArticleVersionLastActorParams{
		OrganizationID: who.OrganizationID,
		Person:         content.AuthorPerson,
		RewriteSection: content.RewriteSection,
	}
	in.ArticleIds, in.Revisions = visited(revisions)
	actor, err = s.forTenant(who.OrganizationID).ArticleVersionLastActor(ctx, in)
	return one(actor, err, func(a string) string { return a })
}

// LastVersions returns the last version of each article of one visit of each workflow, without its Markdown.
func (s *Store) LastVersions(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID]content.ArticleVersion, error) {
	in := dbsqlc.ArticleVersionListLastParams{
		OrganizationID: who.OrganizationID, PageSize: int32(len(visits) * unitPage),
	}
	in.WorkflowIds, in.Visits = visited(visits)
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionListLast(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	return toLastVersions(rows)
}

// LastVersionsOfArticles returns the last version of each article in its visit, without its text.
func (s *Store) LastVersionsOfArticles(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID]content.ArticleVersion, error) {
	in := dbsqlc.ArticleVersionListLastByArticlesParams{OrganizationID: who.OrganizationID, PageSize: int32(len(visits))}
	in.ArticleIds, in.Visits = visited(visits)
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionListLastByArticles(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	same := make([]dbsqlc.ArticleVersionListLastRow, len(rows))
	for i, row := range rows {
		same[i] = dbsqlc.ArticleVersionListLastRow(row)
	}
	return toLastVersions(same)
}

func toLastVersions(rows []dbsqlc.ArticleVersionListLastRow) (map[uuid.UUID]content.ArticleVersion, error) {
	versions := map[uuid.UUID]content.ArticleVersion{}
	for _, r := range rows {
		version, err := checked(toArticleVersion(dbsqlc.ArticleVersion{
			ArticleID:       r.ArticleID,
			Revision:        r.Revision,
			WorkflowID:      r.WorkflowID,
			Visit:           r.Visit,
			BasedOn:         r.BasedOn,
			Title:           r.Title,
			MetaDescription: r.MetaDescription,
			Words:           r.Words,
			Fingerprint:     r.Fingerprint,
			NeedsReview:     r.NeedsReview,
			Mode:            r.Mode,
			BrandRevision:   r.BrandRevision,
			AuthorKind:      r.AuthorKind,
			IsSynthetic:     r.IsSynthetic,
			Actor:           r.Actor,
			Reason:          r.Reason,
			CreatedAt:       r.CreatedAt,
		}), r.Checks)
		if err != nil {
			return nil, err
		}
		versions[r.ArticleID] = version
	}
	return versions, nil
}

// VersionsPage asks for versions of an article before a revision, the newest first; all when Before is zero.
type VersionsPage struct {
	ArticleID uuid.UUID
	Before    int
	Size      int
}

// ArticleVersions returns versions of an article, the newest first.
func (s *Store) ArticleVersions(
	ctx context.Context, who caller.Caller, p VersionsPage,
) ([]content.ArticleVersion, error) {
	if p.Before == 0 {
		p.Before = math.MaxInt32
	}
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionListByArticle(ctx,
		dbsqlc.ArticleVersionListByArticleParams{
			OrganizationID: who.OrganizationID,
			ArticleID:      p.ArticleID,
			BeforeRevision: p.Before,
			PageSize:       int32(p.Size),
		})
	if err != nil {
		return nil, translate(err)
	}
	versions := make([]content.ArticleVersion, len(rows))
	for i, row := range rows {
		if versions[i], err = checked(toArticleVersion(row), row.Checks); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// VersionPages asks for one page of the versions of each article: those after a revision, or with Backward those before
// it, the last one first.
type VersionPages struct {
	Articles []uuid.UUID
	From     int
	Size     int
	Backward bool
}

// VersionPages returns one page of the versions of each article.
func (s *Store) VersionPages(
	ctx context.Context, who caller.Caller, p VersionPages,
) (map[uuid.UUID][]content.ArticleVersion, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionListByArticles(ctx,
		dbsqlc.ArticleVersionListByArticlesParams{
			OrganizationID: who.OrganizationID,
			ArticleIds:     p.Articles,
			Backward:       p.Backward,
			FromRevision:   p.From,
			PageSize:       int32(p.Size),
		})
	if err != nil {
		return nil, translate(err)
	}
	versions := map[uuid.UUID][]content.ArticleVersion{}
	for _, row := range rows {
		version, err := checked(toArticleVersion(row), row.Checks)
		if err != nil {
			return nil, err
		}
		versions[row.ArticleID] = append(versions[row.ArticleID], version)
	}
	return versions, nil
}

// CountVersions returns the number of versions of each article that has some.
func (s *Store) CountVersions(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID]int, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionCount(ctx, dbsqlc.ArticleVersionCountParams{
		OrganizationID: who.OrganizationID, ArticleIds: articles,
	})
	if err != nil {
		return nil, translate(err)
	}
	counts := map[uuid.UUID]int{}
	for _, row := range rows {
		counts[row.ArticleID] = int(row.Versions)
	}
	return counts, nil
}

// VersionTexts returns the Markdown of one revision of each article.
func (s *Store) VersionTexts(
	ctx context.Context, who caller.Caller, revisions map[uuid.UUID]int,
) (map[uuid.UUID]string, error) {
	in := dbsqlc.ArticleVersionListTextsParams{OrganizationID: who.OrganizationID}
	in.ArticleIds, in.Revisions = visited(revisions)
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionListTexts(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	texts := map[uuid.UUID]string{}
	for _, row := range rows {
		texts[row.ArticleID] = row.Markdown
	}
	return texts, nil
}

// OtherFingerprints returns the fingerprints of the organization's newest other articles, at most a number of them.
func (s *Store) OtherFingerprints(
	ctx context.Context, who caller.Caller, article uuid.UUID, most int,
) ([]uint64, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleVersionListFingerprints(ctx,
		dbsqlc.ArticleVersionListFingerprintsParams{
			OrganizationID: who.OrganizationID,
			ArticleID:      article,
			PageSize:       int32(most),
		})
	if err != nil {
		return nil, translate(err)
	}
	fingerprints := make([]uint64, len(rows))
	for i, row := range rows {
		fingerprints[i] = uint64(row)
	}
	return fingerprints, nil
}

// checked returns a version with its checks.
func checked(v content.ArticleVersion, checks []byte) (content.ArticleVersion, error) {
	if err := json.Unmarshal(checks, &v.Checks); err != nil {
		return v, fmt.Errorf("read the checks of article %s: %w", v.ArticleID, err)
	}
	return v, nil
}

func toArticleVersion(r dbsqlc.ArticleVersion) content.ArticleVersion {
	return content.ArticleVersion{
		WorkflowID:      r.WorkflowID,
		ArticleID:       r.ArticleID,
		Visit:           r.Visit,
		Revision:        r.Revision,
		BasedOn:         r.BasedOn,
		Title:           r.Title,
		MetaDescription: r.MetaDescription,
		Markdown:        r.Markdown,
		Words:           r.Words,
		Fingerprint:     uint64(r.Fingerprint),
		NeedsReview:     r.NeedsReview,
		Mode:            r.Mode,
		BrandRevision:   r.BrandRevision,
		Author:          r.AuthorKind,
		IsSynthetic:     r.IsSynthetic,
		Actor:           r.Actor,
		Reason:          r.Reason,
		CreatedAt:       r.CreatedAt.UTC(),
	}
}
