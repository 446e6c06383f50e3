package server

import (
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// Settings are the flags of a server. Each is also an environment variable: --max-body-bytes is
// INFIN8_MAX_BODY_BYTES. Aliases are former names; they work for one more version.
type Settings struct {
	Listen        string        `default:"127.0.0.1:8080" help:"Address of the API."`
	API           bool          `name:"api" default:"true" negatable:"" help:"Serve the API."`
	Workers       bool          `default:"true" negatable:"" help:"Run the automatic steps."`
	Steps         []string      `help:"Automatic steps that workers of the engine drive, as ICP,COMPETITOR,CLUSTERING; all that it can when absent. Other programs drive the rest."`
	ICPModels     []string      `name:"icp-models" default:"perplexity/sonar,openai/gpt-4o-mini" help:"Models for the first step, in the order of preference."`
	ContentModels []string      `default:"openai/gpt-4o-mini" help:"Models for the other steps, in the order of preference."`
	Embedding     string        `name:"embedding-model" default:"openai/text-embedding-3-small" help:"Model that compares keywords by their meaning; none when empty."`
	Crawl         bool          `default:"true" negatable:"" help:"Read the websites of competitors. Without it keywords come from a model alone."`
	CrawlContact  string        `help:"URL or address for administrators of websites, in the user agent of the crawler."`
	Sandbox       bool          `help:"Ask a synthetic model provider inside the program, not a real one."`
	MadeUpSites   bool          `name:"synthetic-websites" help:"Read websites under .example from inside the program, as --sandbox does. No real one has such a name."`
	Origins       []string      `help:"Web origins whose pages may call the API, as browsers write them."`
	ProviderURL   string        `default:"https://openrouter.ai/api/v1" env:"OPENROUTER_BASE_URL" help:"${provider}"`
	SEOURL        string        `name:"seo-url" default:"https://api.dataforseo.com/v3" env:"DATAFORSEO_BASE_URL" help:"${seo}"`
	WorkflowLimit string        `default:"1.00" help:"USD that a workflow of a new organization may spend."`
	MonthLimit    string        `default:"25.00" help:"USD that a new organization may spend in a month."`
	ArticleCap    string        `default:"0.07" help:"USD that one article may cost."`
	WorkerCount   int           `default:"10" help:"Workflows that this server drives at once."`
	UnitWorkers   int           `default:"8" help:"Units of long steps that this server works on at once."`
	UnitsPerFlow  int64         `default:"3" name:"units-per-workflow" help:"Units of one workflow that run at once, on all servers."`
	UnitsPerOrg   int64         `default:"6" name:"units-per-organization" help:"Units of one organization that run at once, on all servers."`
	Connections   int32         `default:"20" help:"Most database connections; the job queue has six of its own."`
	DatabaseWait  time.Duration `default:"60s" help:"Longest wait at the start for a PostgreSQL that accepts no connections yet."`
	AttemptLimit  time.Duration `default:"300s" help:"Longest time that one attempt waits for a model."`
	Lease         time.Duration `default:"30s" help:"Time without a heartbeat after which another worker takes a run over."`
	Heartbeat     time.Duration `default:"10s" help:"Time between two renewals of a worker's lease."`
	Watch         time.Duration `default:"1s" help:"Time between two checks of a worker that its run still counts."`
	Sweep         time.Duration `default:"10s" help:"Time between two searches for runs without a worker."`
	Drain         time.Duration `default:"0s" help:"Time that a stopping server still answers while /readyz is 503."`
	Shutdown      time.Duration `default:"20s" help:"Time that requests have to end when the server stops."`
	MaxBodyBytes  int64         `default:"262144" help:"Largest request body in bytes."`
	GCPercent     int           `name:"gc-percent" default:"400" help:"Growth of the heap, in percent, that starts a collection."`

	ModelSettings     `embed:""`
	ListenerSettings  `embed:""`
	FairnessSettings  `embed:""`
	TokenSettings     `embed:""`
	OperationSettings `embed:""`
	ObserveSettings   `embed:""`
	AccessSettings    `embed:""`
	AlertSettings     `embed:""`
	SiteSettings      `embed:""`
}

// ModelSettings name the models of single steps. A step without its own asks those of --content-models.
type ModelSettings struct {
	CompetitorModels []string `help:"Models for the analysis of competitors; those of --content-models when absent."`
	ClusteringModels []string `help:"Models for phrases beside the selected keywords; those of --content-models when absent."`
	ValidationModels []string `help:"Models for briefs; those of --content-models when absent."`
	ArticleModels    []string `help:"Models that write articles; those of --content-models when absent."`
}

// models returns the models by the step that asks them.
func (s Settings) models() workflow.Models {
	return workflow.Models{Common: s.ContentModels, Own: map[workflow.StepKey][]string{
		workflow.StepICP:        s.ICPModels,
		workflow.StepCompetitor: s.CompetitorModels,
		workflow.StepClustering: s.ClusteringModels,
		workflow.StepValidation: s.ValidationModels,
		workflow.StepArticle:    s.ArticleModels,
	}}
}

// HelpTexts are the help texts that are too long for the tag of a field, or that several commands share.
func HelpTexts() map[string]string {
	return map[string]string{
		"provider": "Base URL of the model provider, or of any gateway with the same API.",
		"seo":      "Base URL of the provider of search data; used with DATAFORSEO_LOGIN and DATAFORSEO_PASSWORD.",
		"roles":    caller.RoleNames(),
		"traces":   "URL of a collector that accepts OpenTelemetry traces by OTLP over HTTP; none when empty.",
	}
}

// ListenerSettings limit the connections to the API.
type ListenerSettings struct {
	TLSCert        string        `name:"tls-cert" help:"File with the server's certificate and its chain, in PEM."`
	TLSKey         string        `name:"tls-key" help:"File with the private key of the certificate."`
	MaxConnections int           `default:"4000" help:"Connections that may be open at once."`
	MaxUnknown     int           `name:"max-unknown-connections" default:"500" help:"Of these, the ones without a valid caller; the oldest is closed for a new one."`
	MaxOfAddress   int           `name:"address-connections" default:"2000" help:"Connections that one client address may have; trusted proxies have no limit."`
	ReadHeaderTime time.Duration `default:"5s" help:"Time that a client has to send the head of a request."`
	ReadTime       time.Duration `default:"15s" help:"Time that a client has to send a whole request."`
	WriteTime      time.Duration `default:"30s" help:"Time that a client has until it has read the answer."`
	IdleTime       time.Duration `default:"2m" help:"Time that a connection may wait for its next request."`
}

// FairnessSettings limit the share of one organization, so that it cannot harm the others.
type FairnessSettings struct {
	Requests                int           `default:"200" help:"Queries and mutations that run at once; others wait."`
	ReservedRequests        int           `default:"40" help:"Of these, the ones that only mutations of money may take."`
	OrganizationRequests    int           `default:"32" help:"Queries and mutations of one organization that run at once."`
	OrganizationWaiting     int           `default:"128" help:"Queries and mutations of one organization that wait; more are RATE_LIMITED."`
	OrganizationRate        int           `default:"500" help:"Requests, and messages of websockets, of one organization in a second, while others send some; more wait. 0 is no limit."`
	RequestWait             time.Duration `default:"10s" help:"Longest wait of a query or mutation for its turn."`
	ReservedConnections     int           `default:"4" help:"Database connections that only health checks, sign-ins and money may take; at most a quarter."`
	OrganizationConnections int           `default:"5" help:"Database connections that the requests of one organization use at once, while others need some."`
	HeavyConnections        int           `name:"organization-heavy-connections" default:"1" help:"Of these, the ones for operations of complexity 300 and more or with dear arguments; 0 is no limit."`
	AloneAfter              time.Duration `name:"organization-alone-after" default:"30s" help:"Time without requests of others after which an organization may use all but the reserved connections; 0 is never."`
	DatabaseTime            time.Duration `default:"2s" help:"Time in the database that an organization may use in each second; 0 is no limit."`
	DatabaseBurst           time.Duration `default:"60s" help:"Time in the database that an organization may use at once."`
	OpenRequests            int           `name:"organization-open-requests" default:"500" help:"HTTP requests of one organization that are read, wait or run; 0 is no limit."`
	Sockets                 int           `name:"max-sockets" default:"3000" help:"Websockets and streams that may be open at once; 0 is no limit."`
	OrganizationSockets     int           `default:"1000" help:"Websockets and streams that one organization may have on this server; 0 is no limit."`
	AddressSockets          int           `default:"1000" help:"Websockets and streams that one client address may have; 0 is no limit."`
	MaxSubscriptions        int           `name:"organization-subscriptions" default:"5000" help:"Subscriptions that one organization may have on this server; 0 is no limit."`
	AddressSubscriptions    int           `default:"5000" help:"Subscriptions that one client address may have on this server; 0 is no limit."`
	SocketInitTime          time.Duration `default:"3s" help:"Time that a websocket has to send connection_init with a valid token."`
}

// TokenSettings say which tokens a server accepts. The secret of AUTH_SECRET is not one of them.
type TokenSettings struct {
	Issuer             string            `help:"Address of the identity provider whose tokens count, as in their iss."`
	Audience           []string          `help:"Names of this API in aud; a token of the issuer must have one of them."`
	IssuerAlgorithms   []string          `default:"RS256,ES256,EdDSA" help:"RS256, PS256, ES256, ES384 or EdDSA."`
	ClaimOrganization  string            `default:"org" help:"Claim of the issuer with the organization; or /a/path to it."`
	ClaimWorkflow      string            `help:"Claim of the issuer with the only workflow of the caller; none when empty."`
	ClaimRole          string            `default:"role" help:"Claim of the issuer with the role, or roles; or /a/path to it."`
	RoleNames          map[string]string `help:"The issuer's names of our roles (${roles}): editors=OPERATOR;owners=ADMIN."`
	SigningKeysRefresh time.Duration     `default:"5m" aliases:"keys-refresh" env:"INFIN8_SIGNING_KEYS_REFRESH,INFIN8_KEYS_REFRESH" help:"Time between two fetches of the issuer's signing keys."`
	MaxTokenLife       time.Duration     `default:"0s" help:"Longest remaining life of a token; 0 is no limit."`
	TrustedProxies     []string          `help:"Networks of the proxies whose X-Forwarded-For and -Proto count."`
}

// OperationSettings limit the operations that a client may ask for.
type OperationSettings struct {
	MaxTokens           int           `default:"2000" help:"Tokens that an operation may have."`
	MaxDepth            int           `default:"12" help:"Fields that may be nested in each other."`
	MaxAliases          int           `default:"30" help:"Fields with an alias that an operation may have."`
	MaxRootFields       int           `default:"20" help:"Fields that an operation may have at its root."`
	MaxComplexity       int           `default:"1000" aliases:"max-cost" env:"INFIN8_MAX_COMPLEXITY,INFIN8_MAX_COST" help:"Complexity that an operation may have: about one for each object in its answer."`
	MaxErrors           int           `default:"20" help:"Most errors that an answer has."`
	MaxPage             int           `default:"100" help:"Largest page of a list, up to 100."`
	QueryTime           time.Duration `default:"5s" help:"Time that a query may take."`
	MutationTime        time.Duration `default:"15s" help:"Time that a mutation may take."`
	Documents           string        `help:"Folder with *.graphql files that clients may name by documentId."`
	OnlyDocuments       bool          `help:"Execute nothing but the documents in that folder."`
	ComplexityPerSecond int64         `default:"250000" aliases:"cost-per-second" env:"INFIN8_COMPLEXITY_PER_SECOND,INFIN8_COST_PER_SECOND" help:"Complexity that an organization may ask for in a second; 0 is no limit."`
	ComplexityBurst     int64         `default:"1000000" aliases:"cost-burst" env:"INFIN8_COMPLEXITY_BURST,INFIN8_COST_BURST" help:"Complexity that an organization may ask for at once."`
	FailedLogins        int64         `default:"100" help:"Failed sign-ins of an address in a minute; 0 is no limit."`
	FinerStatus         bool          `help:"Answer with 422 and 294 as GraphQL over HTTP of 2026 says, not with 400 and 200."`
}

// ObserveSettings say where a server sends its metrics and traces. A server without them computes neither.
type ObserveSettings struct {
	MetricsListen  string `help:"Address of the metrics for Prometheus, at /metrics; none when empty."`
	AdminListen    string `help:"Address of /healthz, /readyz and /metrics, on a listener of their own; none when empty."`
	TracesEndpoint string `env:"INFIN8_TRACES_ENDPOINT,OTEL_EXPORTER_OTLP_ENDPOINT" help:"${traces}"`
}

// AccessSettings say who may see the pages and the schema. None of them is secret, but the schema helps an attacker.
type AccessSettings struct {
	Playground      string `placeholder:"members" help:"Who may use the playground: all (the demo), members (every token), admins, or off."`
	Introspection   string `placeholder:"all" help:"Who may read the schema: all callers, admins, or none."`
	Console         string `default:"all" help:"Who may use the console: all, members who sign in at the issuer, or off."`
	ConsoleClientID string `name:"console-client-id" help:"The console's client id at the issuer: sign-in with PKCE."`
	ConsoleScopes   string `default:"openid" help:"Scopes that the console asks the issuer for, with spaces between them."`
	Home            string `default:"console" enum:"console,playground" help:"The page that / leads to: console or playground."`
}

// AlertSettings say where alerts may be sent.
type AlertSettings struct {
	WebhookPrivate bool `help:"Send alerts also to http and to private networks: for development."`
}
