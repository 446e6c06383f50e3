package gqlhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// manifest is a list of operations that a code generator of a client writes. One form has the texts by their ids, as
// those of GraphQL Code Generator and Relay; the other one is Apollo's.
type manifest map[string]string

// readManifest reads a manifest in one of the forms.
func readManifest(folder fs.FS, name string) (manifest, error) {
	bytes, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	var apollo struct {
		Format     string
		Operations []struct{ ID, Body string }
	}
	if json.Unmarshal(bytes, &apollo) == nil && apollo.Format != "" {
		if apollo.Format != "apollo-persisted-query-manifest" {
			return nil, fmt.Errorf("its format %.40q is unknown", apollo.Format)
		}
		texts := manifest{}
		for _, operation := range apollo.Operations {
			texts[operation.ID] = operation.Body
		}
		return texts, nil
	}
	texts := manifest{}
	if err := json.Unmarshal(bytes, &texts); err != nil {
		return nil, errors.New("it is no manifest of a code generator: an object with the text of each operation by its id")
	}
	return texts, nil
}

// readManifests reads each *.json file of a folder, and returns the number of files.
func (d *Documents) readManifests(folder fs.FS, add func(id, text string) error) (files int, errs []error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return 0, []error{err}
	}
	for _, name := range names {
		texts, err := readManifest(folder, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("the manifest %s: %w", name, err))
		}
		for id, text := range texts {
			if err := add(strings.TrimPrefix(id, hashPrefix), text); err != nil {
				errs = append(errs, fmt.Errorf("the document %.80q of %s: %w", id, name, err))
			}
		}
	}
	return len(names), errs
}
