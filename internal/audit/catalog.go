package audit

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/infin8content/engine/internal/postgres"
)

// catalogText is the catalog of a freshly migrated database, the same for PostgreSQL 15 to 18. A test compares the two,
// and writes the file anew with -update.
//
//go:embed catalog.txt
var catalogText string

// difference is an object of the catalog that is not as the migrations make it. Want or got is "" when it is not there.
type difference struct{ object, want, got string }

// String describes the difference, in full where it is short.
func (d difference) String() string {
	switch {
	case d.got == "":
		return d.object + " is missing"
	case d.want == "":
		return d.object + " is not of the migrations: " + shortened(d.got)
	}
	got, want := rest(d.got, d.want), rest(d.want, d.got)
	return fmt.Sprintf("%s is %s, and the migrations make it %s", d.object, shortened(got), shortened(want))
}

// brief names an object that differs, without the difference.
func (d difference) brief() string {
	switch {
	case d.got == "":
		return d.object + " is missing"
	case d.want == "":
		return d.object + " was added"
	}
	return d.object + " was changed"
}

// rest returns a definition from the first word on that another one has not.
func rest(definition, other string) string {
	same, word := 0, 0
	for same < len(definition) && same < len(other) && definition[same] == other[same] {
		if same++; definition[same-1] == ' ' {
			word = same
		}
	}
	switch {
	case word == 0:
		return definition
	case word == len(definition):
		return "without it"
	}
	return "… " + definition[word:]
}

// maxDefinition is how much of a definition a finding repeats, in bytes.
const maxDefinition = 200

func shortened(definition string) string {
	if len(definition) > maxDefinition {
		return strings.ToValidUTF8(definition[:maxDefinition], "") + " …"
	}
	return definition
}

// compareCatalog returns the differences of a database's catalog from the one of the migrations, in order.
func compareCatalog(made, found []string) []difference {
	wanted, tables := objects(made), objects(made)
	var all []difference
	for _, line := range found {
		object, got := object(line)
		want, there := wanted[object]
		delete(wanted, object)
		if !there && !partOfExtra(object, tables) {
			all = append(all, difference{object: object, got: got})
		} else if there && want != got {
			all = append(all, difference{object: object, want: want, got: got})
		}
	}
	for _, line := range made {
		name, want := object(line)
		if _, missing := wanted[name]; missing {
			all = append(all, difference{object: name, want: want})
		}
	}
	return all
}

// partOfExtra reports whether an object belongs to a table that the migrations do not make: the table alone is named.
func partOfExtra(object string, made map[string]string) bool {
	kind, name, _ := strings.Cut(object, " ")
	table, _, part := strings.Cut(name, ".")
	if !part || kind != "column" && kind != "constraint" {
		return false
	}
	_, isTable := made["table "+table]
	_, isType := made["type "+table]
	return !isTable && !isType
}

// object splits a line of a catalog into the object's name and its definition, which may be empty.
func object(line string) (name, definition string) {
	name, definition, _ = strings.Cut(line, ":")
	if definition = strings.TrimSpace(definition); definition == "" {
		definition = "plain"
	}
	return name, definition
}

func objects(lines []string) map[string]string {
	all := make(map[string]string, len(lines))
	for _, line := range lines {
		name, definition := object(line)
		all[name] = definition
	}
	return all
}

func madeCatalog() []string { return strings.Split(strings.TrimSpace(catalogText), "\n") }

// catalog compares the guards of the database with those of the migrations.
func (v *verification) catalog(ctx context.Context) error {
	found, err := v.store.Catalog(ctx)
	if err != nil {
		return err
	}
	for _, d := range compareCatalog(madeCatalog(), found) {
		v.report("catalog", "%s", d)
	}
	return nil
}

// namedGuards is how many objects CheckGuards names.
const namedGuards = 3

// CheckGuards returns an error when the database lacks a guard of the migrations, or has an object that disables one:
// a right, a policy, a rule, a trigger, a role's attribute. Other objects of the operator are allowed. Every role may
// call it; it takes a few hundredths of a second.
func CheckGuards(ctx context.Context, store *postgres.Store) error {
	found, err := store.Catalog(ctx)
	if err != nil {
		return err
	}
	var names []string
	all, made := 0, objects(madeCatalog())
	for _, d := range compareCatalog(madeCatalog(), found) {
		if d.want == "" && !undoes(d.object, made) {
			continue
		}
		if all++; all <= namedGuards {
			names = append(names, d.brief())
		}
	}
	if all == 0 {
		return nil
	}
	if more := all - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("the database is not as its migrations make it, so that its data are not guarded: %s; "+
		"`engine verify` lists all as the database's owner", strings.Join(names, "; "))
}

// undoes reports whether an object that is not of the migrations can disable one of theirs.
func undoes(object string, made map[string]string) bool {
	kind, name, _ := strings.Cut(object, " ")
	switch kind {
	case "setting", "role", "cast", "default": // a default right
		return true
	case "trigger", "rule", "policy":
		table, _, _ := strings.Cut(name, ".")
		_, ours := made["table "+table]
		return ours
	case "right":
		of, _, _ := strings.Cut(strings.TrimPrefix(name, "to "), " of ")
		if column, found := strings.CutPrefix(of, "column "); found {
			table, _, _ := strings.Cut(column, ".")
			of = "table " + table
		}
		_, ours := made[of]
		return ours || of == "schema public"
	}
	return strings.HasSuffix(object, " inherits")
}
