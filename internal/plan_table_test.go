package internal_test

const module = "github.com/infin8content/engine"

// Third-party modules, by the beginning of their import paths.
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
	compress         = "github.com/klauspost/compress"
	sync             = "golang.org/x/sync"
	text             = "golang.org/x/text"
	idna             = "golang.org/x/net/idna"
	html             = "golang.org/x/net/html"
	publicsuffix     = "golang.org/x/net/publicsuffix"
	goldmark         = "github.com/yuin/goldmark"
	bluemonday       = "github.com/microcosm-cc/bluemonday"
	whatlanggo       = "github.com/abadojack/whatlanggo"
	prometheus       = "github.com/prometheus/client_golang"
	otel             = "go.opentelemetry.io/otel"
	mod              = "golang.org/x/mod"
	terminal         = "golang.org/x/term"
)

// testModules are the modules that every package's tests may import.
var testModules = []string{"github.com/google/go-cmp", "pgregory.net/rapid", "go.uber.org/goleak", sync}

// row says what one package may import: packages of this module, third-party modules beside uuid, and packages for its
// tests alone. Every package may import the standard library, if it is not pure. Its tests may also import testdb
// and every package that the package reaches.
type row struct {
	path    string
	imports []string
	modules []string
	tests   []string
}

const (
	root   = "." // the folder of server.go
	testdb = "internal/testdb"
)

// plan is the import table. A package imports only rows below its own. A package without a row, an import without an
// entry and a row without a package are errors. A new package is a new row, in the same commit, with the reason.
var plan = []row{
	// Programs. No package imports them.
	{
		path:    root, // signals and the exit status
		imports: []string{"internal/cli"},
	},
	{
		path: "internal/cli", // commands open the database as its owner, so they have pgx
		imports: []string{
			"graph", // the text of the schema
			"internal/outbound", "internal/spelling",
			"internal/server", "internal/web", "internal/jobs", "internal/engine", "internal/audit", "internal/postgres",
			"internal/llm", "internal/seo", "internal/embedded", "internal/workflow", "internal/cost", "internal/caller",
			"internal/fault", "migrations",
		},
		modules: []string{pgx, kong, sync, mod, terminal},
	},
	{
		path: "internal/server", // wires all packages and runs them side by side
		imports: []string{
			"graph", "internal/gqlhttp", "internal/web", "internal/jobs", "internal/steps", "internal/engine",
			"internal/audit", "internal/report", "internal/metrics", "internal/live", "internal/rate", "internal/postgres",
			"internal/fair",
			"internal/llm/sandbox", "internal/llm", "internal/crawl/sandbox", "internal/crawl",
			"internal/seo/sandbox", "internal/seo",
			"internal/publish/sandbox",
			"internal/publish", "internal/outbound", "internal/sealed", // the sites, and the key of their secrets
			"internal/issuer", "internal/webhook", "internal/tracing", "internal/workflow", "internal/cost",
			"internal/caller", "internal/fault", "migrations",
		},
		modules: []string{pgx, sync},
	},
	{
		path: "test/chaos", // breaks real servers, a real database and a provider, and judges the result
		imports: []string{
			"test/chaos/history", "internal/embedded", "internal/llm/sandbox", "internal/seo/sandbox",
			"internal/publish/sandbox", "internal/web", "internal/workflow", "internal/cost", "internal/caller",
		},
		modules: []string{pgx, websocket},
	},
	{
		path:    "test/chaos/history", // compares answers with the database; pure, so that tests can give it wrong histories
		imports: []string{"internal/workflow", "internal/cost"},
		modules: []string{porcupine},
	},
	{
		path: "test/bench", // measures the statements, the engine and the whole program side by side
		imports: []string{
			"internal/embedded", "internal/postgres", "internal/engine", "internal/workflow", "internal/cost",
			"internal/caller", "internal/content", "internal/web", "migrations", "internal/jobs", "internal/steps",
			"internal/llm/sandbox",
		},
		modules: []string{pgx, sync, websocket},
	},
	{
		path:  "test/e2e", // starts the real program and speaks to it from outside
		tests: []string{"internal/cli", "internal/issuer/sandbox"},
	},
	{
		path:  "test/console", // starts the real program for a browser
		tests: []string{"internal/cli", "internal/issuer/sandbox"},
	},
	{
		// Its tests break connections, so it has pgx. They speak as every provider and site may, and publish by the steps.
		path:    "test/simulation",
		modules: []string{pgx},
		tests: []string{
			"internal/engine", "internal/audit", "internal/llm", "internal/llm/sandbox", "internal/publish",
			"internal/publish/sandbox", "internal/steps",
		},
	},
	{path: "test/wordpress"}, // sets up a real WordPress for the tests of internal/publish
	{path: "graph/generate"}, // finishes generated code; imports only the standard library
	{path: "internal"},       // this test

	// The API.
	{
		path: "graph/graphtest", // database, engine, schema and handler together; only tests import it
		imports: []string{
			"graph", "internal/gqlhttp", "internal/engine", "internal/report", "internal/live", "internal/workflow",
			"internal/cost", "internal/caller", "internal/fault", "internal/postgres", testdb,
		},
		modules: []string{websocket, "github.com/google/go-cmp"},
	},
	{
		path: "internal/web",
		imports: []string{
			"internal/caller", "internal/fault", "internal/issuer",
			"internal/publicid", // a token may name one workflow
			"internal/spelling",
			"internal/fair",
			"internal/header", // shared with gqlhttp, so that both take the same requests for WebSockets
			"internal/strictjson",
		},
		modules: []string{cors, jwt, sync}, // a weighted semaphore limits the memory of request bodies
		tests:   []string{"internal/issuer/sandbox"},
	},
	{
		path:    "internal/gqlhttp", // serves any schema: it depends on neither graph nor engine
		imports: []string{"internal/caller", "internal/fault", "internal/header", "internal/strictjson"},
		modules: []string{gqlgen, gqlparser, websocket, compress},
		tests:   []string{"graph/graphtest"},
	},
	{
		path: "graph",
		imports: []string{
			"internal/content",
			"internal/engine", "internal/report", "internal/live", "internal/workflow", "internal/cost",
			"internal/caller", "internal/fault", "internal/publicid", "graph/model", "graph/scalar",
		},
		modules: []string{gqlgen, gqlparser, sync}, // generated code limits its goroutines with x/sync
		tests:   []string{"graph/graphtest"},
	},
	{
		path: "graph/model",
		imports: []string{
			"internal/content",
			"internal/workflow", "internal/cost", "internal/fault", "internal/engine", "internal/report", "graph/scalar",
			"internal/publicid",
			"internal/caller", // the role of an API key is part of an input
		},
		modules: []string{gqlgen, gqlparser},
	},
	{
		path:    "graph/scalar",
		imports: []string{"internal/workflow", "internal/cost", "internal/fault", "internal/engine"},
		modules: []string{gqlgen, gqlparser},
	},

	// Background work.
	{
		path: "internal/jobs",
		imports: []string{
			"internal/steps", "internal/engine", "internal/workflow", "internal/caller", "internal/fault",
			"internal/fair",                                          // a slow receiver takes its share of the deliveries only
			"internal/publicid", "internal/webhook", "internal/cost", // a delivery job writes an alert as text and sends it
		},
		modules: []string{river, pgx}, // River's client and its transactional insert are typed by pgx
		tests: []string{
			"internal/llm", "internal/llm/sandbox", "internal/publish/sandbox", "internal/sealed", "internal/content",
		},
	},
	{
		path: "internal/steps",
		imports: []string{
			"internal/content", "internal/crawl",
			"internal/engine", "internal/llm", "internal/seo", "internal/workflow", "internal/cost", "internal/fault",
			"internal/caller",                                           // the caller is an argument of every verb
			"internal/publish", "internal/webhook", "internal/publicid", // articles go to sites and to webhooks
		},
		modules: []string{sync}, // a step asks for several parts at once
		tests: []string{
			"internal/llm/sandbox", "internal/crawl/sandbox", "internal/seo/sandbox", "internal/publish/sandbox",
			"internal/audit",
		},
	},

	// The engine, and packages that read its store.
	{
		path: "internal/testengine", // an engine on a database of its own, for the tests of engine, audit and report
		imports: []string{
			"internal/engine", "internal/audit", testdb, "internal/postgres", "internal/workflow", "internal/cost",
			"internal/caller", "internal/fault",
		},
	},
	{
		path: "internal/engine",
		imports: []string{
			"internal/content",
			"internal/postgres", "internal/workflow", "internal/cost", "internal/caller", "internal/fault",
			"internal/publicid", // a verdict names another article by its id
			"internal/spelling",
		},
		tests: []string{"internal/testengine"},
	},
	{
		path: "internal/audit", // reads the journals for others to check; does not import engine, whose work it checks
		imports: []string{
			"internal/postgres", "internal/workflow", "internal/cost", "internal/caller", "internal/fault",
			"migrations",       // which migrations were applied is a finding
			"internal/content", // the quotes of articles are looked up in their pages
		},
		modules: []string{mod}, // C2SP signed notes and the tree of a checkpoint
		tests:   []string{"internal/testengine", "internal/testdb/attack"},
	},
	{
		path: "internal/report", // computes figures from the journals and writes nothing, so it needs no engine
		imports: []string{
			"internal/postgres", "internal/workflow", "internal/cost", "internal/caller", "internal/fault",
		},
		tests: []string{"internal/testengine"},
	},
	{
		path:    "internal/metrics", // the only package that imports Prometheus
		imports: []string{"internal/postgres", "internal/workflow", "internal/cost", "internal/fault", "internal/fair"},
		modules: []string{pgx, prometheus},
	},
	{
		path: "internal/live",
		imports: []string{
			"internal/postgres", "internal/workflow", "internal/caller",
			"internal/cost", // the entries of a ledger are a subscription
		},
		modules: []string{pgx},
	},
	{
		path:    "internal/rate", // token buckets that all servers share
		imports: []string{"internal/postgres", "internal/fault"},
	},
	{
		path:    "internal/testdb/attack", // one list for the tests of postgres, which refuses, and of audit, which names
		imports: []string{testdb, "internal/postgres", "internal/workflow", "internal/cost", "internal/caller"},
		modules: []string{pgx},
	},
	{
		path: testdb,
		imports: []string{
			"internal/content",
			"internal/embedded", "internal/postgres", "internal/workflow", "internal/cost", "internal/caller",
			"migrations",
		},
		modules: []string{pgx},
	},
	{
		path: "internal/postgres",
		imports: []string{
			"internal/content",
			"internal/postgres/dbsqlc", "internal/workflow", "internal/cost", "internal/caller", "internal/fault",
		},
		modules: []string{pgx},
		tests:   []string{"internal/testdb/attack"},
	},
	{
		path:    "internal/postgres/dbsqlc",
		imports: []string{"internal/content", "internal/workflow", "internal/cost"},
		modules: []string{pgx},
	},

	// Providers and other servers.
	{
		path:    "internal/llm/sandbox",
		imports: []string{"internal/llm", "internal/cost"},
	},
	{
		path:    "internal/llm",
		imports: []string{"internal/outbound", "internal/cost", "internal/fault"},
		tests:   []string{"internal/llm/sandbox"},
	},
	{
		path: "internal/crawl/sandbox", // websites in memory, for the demo and for tests
	},
	{
		path:    "internal/crawl", // reads websites that tenants, models and other websites name
		imports: []string{"internal/outbound", "internal/content"},
		modules: []string{html},
		tests:   []string{"internal/crawl/sandbox", "internal/worktime"},
	},
	{
		path:    "internal/seo/sandbox",
		imports: []string{"internal/seo", "internal/cost"},
	},
	{
		path:    "internal/seo", // search data that is bought from a service
		imports: []string{"internal/outbound", "internal/cost", "internal/fault"},
		tests:   []string{"internal/seo/sandbox"},
	},
	{
		path:    "internal/issuer/sandbox", // an identity provider for tests
		modules: []string{jose, jwt},
	},
	{
		path:    "internal/issuer", // the signing keys of an identity provider
		imports: []string{"internal/outbound", "internal/fault"},
		modules: []string{jose},
		tests:   []string{"internal/issuer/sandbox"},
	},
	{
		path:    "internal/publish/sandbox", // sites without a site, for the demo and the tests
		modules: []string{jwt},
	},
	{
		path:    "internal/publish", // posts on other people's sites
		imports: []string{"internal/outbound", "internal/fault"},
		modules: []string{jwt}, // Ghost's tokens
		tests:   []string{"internal/publish/sandbox"},
	},
	{
		path:    "internal/webhook", // sends to addresses that tenants choose
		imports: []string{"internal/outbound", "internal/fault"},
	},
	{
		path:    "internal/tracing", // the only package that imports OpenTelemetry
		imports: []string{"internal/fault"},
		modules: []string{pgx, otel},
	},
	{
		path:    "internal/embedded",
		modules: []string{embeddedPostgres},
	},

	// Rules without I/O, and leaves.
	{
		path:    "internal/content", // the rules for keywords and texts
		imports: []string{"internal/cost", "internal/fault", "internal/spelling"},
		// Markdown is rendered and sanitised, and the language of an article detected, by libraries that do no I/O.
		modules: []string{text, idna, publicsuffix, html, goldmark, bluemonday, whatlanggo},
		tests:   []string{"internal/worktime"},
	},
	{
		path:    "internal/workflow",
		imports: []string{"internal/fault", "internal/spelling", "internal/strictjson"}, // the answer of a model is JSON
	},
	{
		path:    "internal/cost",
		imports: []string{"internal/fault"},
	},
	{path: "internal/header"},     // request headers that web and gqlhttp read in the same way
	{path: "internal/strictjson"}, // JSON of clients and models, in which nothing is repaired
	{path: "internal/outbound"},   // the clients for other servers' HTTP
	{
		path:    "internal/publicid", // the ids of the API and of webhooks
		imports: []string{"internal/fault"},
	},
	{
		path:    "internal/fair", // one queue for the requests and for the database connections of organizations
		imports: []string{"internal/fault"},
	},
	{path: "internal/sealed"}, // the encryption of secrets that the database keeps
	{path: "internal/caller"},
	{path: "internal/spelling", modules: []string{text, idna}}, // the one rule for names and actors, for all who read them
	{path: "internal/fault"},
	{path: "internal/worktime"}, // the processor time of a function, for tests
	{path: "migrations"},
}
