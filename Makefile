# Scripts in .ci do the work, so a machine without make can run them too.

.PHONY: help generate lint check test conformance playground console bench chaos demo wordpress

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r name text; do printf '%-12s %s\n' "$$name" "$$text"; done

generate: ## Generate code: sqlc from queries/ and migrations/, gqlgen from schema.graphqls.
	@.ci/generate

lint: ## Check format, vet, staticcheck, SQL, generated code and lengths.
	@.ci/lint

check: lint ## Run lint, and the tests with the race detector: before each commit.
	go test -race ./...

test: ## Run the tests on a PostgreSQL of their own.
	go test ./...

conformance: ## Run audits and clients of other projects against the real server. Needs npm.
	cd test/conformance && npm ci && npm run --silent conformance

playground: ## Build the page at /playground from the folder playground. Needs npm.
	cd playground && npm ci && npm run --silent build

console: ## Build the web app at /console/ from the folder console. Needs npm.
	cd console && npm install --no-save && npm run --silent build

bench: ## Print the table of docs/performance.md, in five minutes. Needs PostgreSQL's programs.
	go run ./test/bench

chaos: ## Break servers, database and provider, then check the data. ARGS="-for 10m -seed 7".
	go run ./test/chaos $(ARGS)

demo: ## Run one workflow, then serve the console and the playground: go run . demo.
	go run . demo

wordpress: ## Publish to a real WordPress. CONTRIBUTING.md names the packages.
	go run ./test/wordpress go test -count=1 -run 'TestSite|TestCheck|TestWordPress|TestRealWordPress' ./internal/publish ./internal/steps
