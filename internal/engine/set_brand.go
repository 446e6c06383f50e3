package engine

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// BrandSettings are an organization's brand voice as the store keeps it.
type BrandSettings = postgres.BrandSettings

// Brand returns the caller's brand voice; an empty one when none was set.
func (e *Engine) Brand(ctx context.Context, who caller.Caller) (BrandSettings, error) {
	settings, err := e.store.BrandSettings(ctx, who)
	if err != nil {
		return settings, fmt.Errorf("read the brand voice of organization %s: %w", who.OrganizationID, err)
	}
	return settings, nil
}

// SetBrandInput changes the brand voice. A nil field stays as it is.
type SetBrandInput struct {
	Tone, Audience, Examples *string
	Do, Dont, Banned         *[]string
	Reason                   string
	IdempotencyKey           string
}

// BrandSet is an organization's brand voice after a change.
type BrandSet struct {
	BrandSettings
	Replayed bool
}

// SetBrand sets how articles sound. It counts for every article that is begun from then on. Setting the brand voice to
// what it is changes nothing.
func (e *Engine) SetBrand(ctx context.Context, who caller.Caller, in SetBrandInput) (_ BrandSet, err error) {
	ctx, end := e.begin(ctx, "SetBrand")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return BrandSet{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setBrand",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		settings, err := tx.BrandSettings(ctx, who)
		if err != nil {
			return err
		}
		brand, err := in.apply(settings.Brand)
		if err != nil || reflect.DeepEqual(brand, settings.Brand) {
			return err
		}
		set, err := tx.SetBrand(ctx, who, BrandSettings{
			Brand:   brand,
			Version: settings.Version + 1,
			Reason:  in.Reason,
			At:      at,
		})
		if err == nil && !set {
			return fault.New(fault.Conflict, "Another request has just set the brand voice. Read it again.")
		}
		return err
	})
	if err != nil {
		return BrandSet{}, err
	}
	settings, err := e.Brand(ctx, who)
	return BrandSet{BrandSettings: settings, Replayed: replay != nil}, err
}

// apply returns the brand voice after the change.
func (in SetBrandInput) apply(brand content.Brand) (content.Brand, error) {
	for _, change := range []struct {
		field string
		to    *string
		text  *string
		most  int
	}{
		{"tone", in.Tone, &brand.Tone, content.MaxBrandText},
		{"audience", in.Audience, &brand.Audience, content.MaxBrandText},
		{"examples", in.Examples, &brand.Examples, content.MaxBrandExamples},
	} {
		if change.to == nil {
			continue
		}
		*change.text = strings.TrimSpace(content.UnixLines(*change.to))
		if err := checkBrandText([]string{change.field}, *change.text, change.most); err != nil {
			return brand, err
		}
	}
	if len(brand.Examples) > content.MaxBrandExamples {
		return brand, fault.Invalid([]string{"examples"}, "The examples have at most %d bytes.", content.MaxBrandExamples)
	}
	for _, change := range []struct {
		field           string
		to, list        *[]string
		most, mostRunes int
	}{
		{"do", in.Do, &brand.Do, content.MaxBrandRules, content.MaxBrandRule},
		{"dont", in.Dont, &brand.Dont, content.MaxBrandRules, content.MaxBrandRule},
		{"bannedWords", in.Banned, &brand.Banned, content.MaxBannedWords, content.MaxBannedWord},
	} {
		if change.to == nil {
			continue
		}
		if len(*change.to) > change.most {
			return brand, fault.Invalid([]string{change.field}, "At most %d texts are possible here.", change.most)
		}
		*change.list = []string{}
		for i, text := range *change.to {
			field, cleaned := []string{change.field, fmt.Sprint(i)}, strings.TrimSpace(content.UnixLines(text))
			if err := checkBrandText(field, cleaned, change.mostRunes); err != nil {
				return brand, err
			}
			if cleaned == "" || change.field == "bannedWords" && content.Normalise(cleaned) == "" {
				return brand, fault.Invalid(field, "The text must not be empty.")
			}
			*change.list = append(*change.list, cleaned)
		}
	}
	return brand, nil
}

func checkBrandText(field []string, text string, most int) error {
	if content.PlainLines(text) != text || utf8.RuneCountInString(text) > most {
		return fault.Invalid(field,
			"This text has at most %d characters, and no control characters except tabs and line ends.", most)
	}
	return nil
}
