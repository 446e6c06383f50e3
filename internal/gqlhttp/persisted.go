package gqlhttp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/internal/fault"
)

// hashPrefix begins the id of a document that is named by its SHA-256 in hexadecimal.
const hashPrefix = "sha256:"

// Documents are the operations that the server reads at its start, by their ids. A nil Documents has none.
type Documents struct {
	texts  map[string]string             // by id and by sha256:…
	parsed map[string]*ast.QueryDocument // by text
	only   bool
}

var documentName = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// ReadDocuments reads each *.graphql file of a folder, and each *.json file as the manifest of a code generator. A
// document has two ids: the name of its file without the ending, or that in the manifest; and sha256: with the hash of
// its bytes, with or without the line ends at its end. A document that is not valid or exceeds the limits is an error,
// and so is a folder without documents; one message has all of them. With only, the handler executes no other document.
func ReadDocuments(schema graphql.ExecutableSchema, folder fs.FS, limits Limits, only bool) (*Documents, error) {
	d := &Documents{texts: map[string]string{}, parsed: map[string]*ast.QueryDocument{}, only: only}
	names, err := fs.Glob(folder, "*.graphql")
	if err != nil {
		return nil, err
	}
	var errs []error
	add := func(id, text string) error { return d.add(id, text, schema.Schema(), limits.withDefaults()) }
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err == nil {
			err = add(strings.TrimSuffix(path.Base(name), ".graphql"), string(text))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the document %s: %w", name, err))
		}
	}
	manifests, more := d.readManifests(folder, add)
	if len(names)+manifests == 0 {
		errs = append(errs, errors.New(
			"there is no document: put *.graphql files or the *.json manifest of a code generator into the folder"))
	}
	return d, errors.Join(append(errs, more...)...)
}

// With returns the documents together with those of a folder of the program. The limits of the latter are the defaults,
// and the handler always executes them. A nil Documents has no other one.
func (d *Documents) With(schema graphql.ExecutableSchema, folder fs.FS) (*Documents, error) {
	own, err := ReadDocuments(schema, folder, Limits{}, false)
	if err != nil || d == nil {
		return own, err
	}
	maps.Copy(own.texts, d.texts)
	maps.Copy(own.parsed, d.parsed)
	own.only = d.only
	return own, nil
}

// add adds a document by its id and its hash.
func (d *Documents) add(id, text string, schema *ast.Schema, limits Limits) error {
	if !documentName.MatchString(id) {
		return errors.New("its name, or id, may have letters, digits and . _ ~ - only")
	}
	document, errs := parse(suggesting, schema, text, limits)
	if len(errs) > 0 {
		return errs
	}
	d.texts[id] = text
	for _, written := range []string{text, strings.TrimRight(text, "\r\n")} {
		d.texts[hashPrefix+hashOf(written)] = text
		d.parsed[written] = document
	}
	return nil
}

// document returns the document with exactly this text, or nil.
func (d *Documents) document(text string) *ast.QueryDocument {
	if d == nil {
		return nil
	}
	return d.parsed[text]
}

// text returns the text of the document with this id.
func (d *Documents) text(id string) (string, error) {
	if d != nil {
		if text, found := d.texts[id]; found {
			return text, nil
		}
	}
	return "", fault.New(fault.NotFound, "The server has no document with this id.")
}

// resolveHash sets the text of a request that has only its hash, as automatic persisted queries do. It refuses a text
// that is not allowed. The hash that it returns is that of a new text, for the cache; "" when there is none.
func (e *limitedExecutor) resolveHash(params *graphql.RawParams) (newHash string, err error) {
	hash, err := persistedHash(params.Extensions)
	if err != nil {
		return "", err
	}
	switch {
	case hash == "":
	case params.Query == "":
		found := false
		if params.Query, err = e.documents.text(hashPrefix + hash); err != nil {
			params.Query, found = e.hashed.get(hash)
		}
		if err != nil && !found {
			// Clients of the protocol compare this text.
			return "", fault.New(fault.PersistedQueryNotFound, "PersistedQueryNotFound")
		}
	case hashOf(params.Query) != hash:
		return "", fault.New(fault.InvalidInput, "The hash in persistedQuery is not that of the query.")
	default:
		newHash = hash
	}
	if e.documents != nil && e.documents.only && e.documents.document(params.Query) == nil {
		return "", fault.New(fault.Forbidden, "Only the documents of the server are executed. Send a documentId.")
	}
	return newHash, nil
}

// persistedHash returns the hash in the extension persistedQuery; "" when there is no such extension.
func persistedHash(extensions map[string]any) (string, error) {
	extension, found := extensions["persistedQuery"]
	if !found || extension == nil {
		return "", nil
	}
	object, _ := extension.(map[string]any)
	hash, _ := object["sha256Hash"].(string)
	if raw, err := hex.DecodeString(hash); err != nil || len(raw) != sha256.Size || strings.ToLower(hash) != hash ||
		fmt.Sprint(object["version"]) != "1" {
		return "", fault.New(fault.InvalidInput,
			"The extension persistedQuery must have the version 1 and a sha256Hash of 64 hexadecimal digits.")
	}
	return hash, nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
