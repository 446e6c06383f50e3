# The commands behind these names are in .ci, where a machine without make finds them too.

.PHONY: help generate lint check test conformance playground bench chaos demo

help: ## Say what there is.
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' Makefile | while read -r name text; do printf '%-12s %s\n' "$$name" "$$text"; done

generate: ## Generate code: sqlc from queries/ and migrations/, gqlgen from schema.graphqls.
	@.ci/generate

lint: ## Check everything that needs no test: format, vet, staticcheck, SQL, generated code, limits.
	@.ci/lint

check: lint ## Before each commit: lint, and the tests with the race detector.
	go test -race ./...

test: ## Run the tests. They start a PostgreSQL of their own.
	go test ./...

conformance: ## Let other people's audits and clients judge the real server. Needs npm.
	cd test/conformance && npm ci && npm run --silent conformance

playground: ## Build what the page at / is made of from the folder playground. Needs npm.
	cd playground && npm ci && npm run --silent build

bench: ## Measure, in at most five minutes, and print the table of docs/performance.md. Needs PostgreSQL's programs.
	go run ./test/bench

chaos: ## Break servers, database and provider, and check what is left: a minute, or as ARGS says (-for 10m -seed 7).
	go run ./test/chaos $(ARGS)

demo: ## Watch one workflow run, then play: the same as go run . demo.
	go run . demo
