package internal_test

const module = "github.com/infin8content/engine"

// Modules of others, by the beginning of their import paths.
const (
	uuid             = "github.com/google/uuid"
	pgx              = "github.com/jackc/pgx/v5"
	river            = "github.com/riverqueue/river"
	gqlgen           = "github.com/99designs/gqlgen"
	gqlparser        = "github.com/vektah/gqlparser/v2"
	websocket        = "github.com/coder/websocket"
	cors             = "github.com/rs/cors"
	jwt              = "github.com/golang-jwt/jwt/v5"
	jose             = "github.com/go-jose/go-jose/v4"
	embeddedPostgres = "github.com/fergusstrange/embedded-postgres"
	porcupine        = "github.com/anishathalye/porcupine"
	kong             = "github.com/alecthomas/kong"
	sync             = "golang.org/x/sync"
	prometheus       = "github.com/prometheus/client_golang"
	otel             = "go.opentelemetry.io/otel"
)

// forTests are what test files may import beyond their package's row.
var forTests = []string{"github.com/google/go-cmp", "pgregory.net/rapid", "go.uber.org/goleak", sync}

// room is a row of the plan: what the package may import of ours, of others beside the standard library and uuid, and
// what only its tests may. Tests may also import testdb and whatever lies below the package.
type room struct{ ours, others, tests []string }

// plan is the table. A package that is not here does not exist; an arrow that is not here is refused. A new room is a
// new row, in the same commit, with the reason.
var plan = map[string]room{
	"internal/caller": {},
	"internal/fault":  {},

	"internal/workflow": {ours: []string{"internal/fault"}},
	"internal/cost":     {ours: []string{"internal/fault"}},

	"internal/postgres/dbsqlc": {
		ours:   []string{"internal/workflow", "internal/cost"},
		others: []string{pgx},
	},
	"internal/postgres": {
		ours: []string{
			"internal/postgres/dbsqlc", "internal/workflow", "internal/cost", "internal/caller", "internal/fault",
		},
		others: []string{pgx},
	},
	"internal/engine": {ours: []string{
		"internal/postgres", "internal/workflow", "internal/cost", "internal/caller", "internal/fault",
	}},
	"internal/llm": {
		ours:  []string{"internal/cost", "internal/fault"},
		tests: []string{"internal/llm/sandbox"},
	},
	"internal/llm/sandbox": {ours: []string{"internal/llm", "internal/cost"}},
	"internal/steps": {
		ours: []string{
			"internal/engine", "internal/llm", "internal/workflow", "internal/cost", "internal/fault",
			"internal/caller", // who asks is an argument of every verb
		},
		tests: []string{"internal/llm/sandbox"},
	},
	"internal/jobs": {
		ours: []string{
			"internal/steps", "internal/engine", "internal/workflow", "internal/caller", "internal/fault",
			"internal/webhook", "internal/cost", // a delivery job puts an alert into words and has it sent
		},
		others: []string{river, pgx}, // River's client and its transactional insert are typed by pgx
		tests:  []string{"internal/llm/sandbox"},
	},
	"internal/webhook": {ours: []string{"internal/fault"}},                          // sends to where tenants say
	"test/simulation":  {tests: []string{"internal/engine"}, others: []string{pgx}}, // tests that break connections
	"internal/rate":    {ours: []string{"internal/postgres", "internal/fault"}},     // buckets that all servers share
	"internal/live": {
		ours: []string{
			"internal/postgres", "internal/workflow", "internal/caller",
			"internal/cost", // a bill is followed entry by entry
		},
		others: []string{pgx},
	},
	"graph": {
		ours: []string{
			"internal/engine", "internal/live", "internal/workflow", "internal/cost", "internal/caller",
			"internal/fault", "graph/model", "graph/scalar",
		},
		others: []string{gqlgen, gqlparser, sync, websocket}, // generated code limits its goroutines with x/sync
	},
	"graph/model": {
		ours: []string{
			"internal/workflow", "internal/cost", "internal/fault", "internal/engine", "graph/scalar",
			"internal/caller", // the role of an API key is part of an input
		},
		others: []string{gqlgen, gqlparser},
	},
	"graph/scalar": {
		ours:   []string{"internal/workflow", "internal/cost", "internal/fault", "internal/engine"},
		others: []string{gqlgen, gqlparser},
	},
	"internal/issuer": { // the keys of an identity provider
		ours:   []string{"internal/fault"},
		others: []string{jose},
		tests:  []string{"internal/issuer/sandbox"},
	},
	"internal/issuer/sandbox": {others: []string{jose, jwt}}, // an identity provider, for tests
	"internal/web": {
		ours:   []string{"internal/caller", "internal/fault", "internal/issuer"},
		others: []string{cors, jwt, sync}, // room for bodies is a weighted semaphore
		tests:  []string{"internal/issuer/sandbox"},
	},
	"internal/metrics": { // the one that knows Prometheus: what it counts is told by the rooms that it names
		ours:   []string{"internal/postgres", "internal/workflow", "internal/cost", "internal/fault"},
		others: []string{pgx, prometheus},
	},
	"internal/tracing": { // the one that knows OpenTelemetry
		ours:   []string{"internal/fault"},
		others: []string{pgx, otel},
	},
	"internal/embedded": {others: []string{embeddedPostgres}},
	"internal/testdb": {
		ours: []string{
			"internal/embedded", "internal/postgres", "internal/workflow", "internal/cost", "internal/caller",
			"migrations",
		},
		others: []string{pgx},
	},
	"test/chaos": { // breaks real servers, a real database and a provider, and judges what is left; nobody imports it
		ours: []string{
			"test/chaos/history", "internal/embedded", "internal/llm/sandbox", "internal/web", "internal/workflow",
			"internal/cost", "internal/caller",
		},
		others: []string{pgx, websocket},
	},
	"test/chaos/history": { // what was told against what there is: pure, so that it can be shown to find what is wrong
		ours:   []string{"internal/workflow", "internal/cost"},
		others: []string{porcupine},
	},
	"test/bench": { // measures the statements, the engine and the whole program side by side; nobody imports it
		ours: []string{
			"internal/embedded", "internal/postgres", "internal/engine", "internal/workflow", "internal/cost",
			"internal/caller", "internal/web", "migrations",
		},
		others: []string{pgx, sync, websocket},
	},
	"migrations": {},
	"internal":   {}, // this test

	server: {others: []string{pgx, kong, sync}}, // wires all of them and runs them side by side; see mayImport
}

const (
	server = "." // the root package, server.go
	testdb = "internal/testdb"
)
