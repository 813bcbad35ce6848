# Everything a contributor runs. CONTRIBUTING.md says when.
GO    ?= go
CACHE ?= $(CURDIR)/.cache
TOOLS := $(CACHE)/tools

.PHONY: build check fmt vet lint vuln test test-race fuzz golden docs bench peers clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o hearth ./cmd/hearth

# check is what CI runs: everything.
check: fmt vet lint test fuzz vuln

fmt:
	@bad="$$(gofmt -l $$(git ls-files '*.go'))"; test -z "$$bad" || { echo "not gofmt-ed:"; echo "$$bad"; exit 1; }

vet:
	$(GO) vet ./...

lint: $(TOOLS)/staticcheck
	$(TOOLS)/staticcheck ./...

# vuln needs the public vulnerability database; without a way there it says so.
vuln: $(TOOLS)/govulncheck
	@out=$$($(TOOLS)/govulncheck ./... 2>&1) && ok=0 || ok=$$?; \
	case "$$out" in *"fetching vulnerabilities"*) echo "vuln: the vulnerability database cannot be reached: not checked";; \
	*) echo "$$out"; exit $$ok;; esac

test: peers
	$(GO) test -timeout 20m ./...

# test-race runs the rooms, not the journeys, under the race detector.
test-race:
	$(GO) test -race -short -timeout 30m $$($(GO) list ./... | grep -v -e /cmd/ -e /test/)

# fuzz gives every decoder of outside bytes a few seconds beyond its kept corpus.
FUZZTIME ?= 3s
fuzz:
	@GO="$(GO)" FUZZTIME=$(FUZZTIME) test/fuzz

# golden rewrites the expected files; review them as a diff.
golden:
	$(GO) test ./awsapi ./cmd/hearth -run 'Golden|TestDocsConfiguration|OperationsPage' -update
	$(GO) test ./workspace ./ledger -run 'TestLifeScript|TestExplain' -rewrite

bench: peers
	$(GO) run ./test/bench -out docs/benchmarks.md

peers:
	@test/peers/build prometheus prometheus-2.42 >/dev/null

$(TOOLS)/staticcheck: test/tools/go.mod test/tools/go.sum
	cd test/tools && $(GO) build -o $@ honnef.co/go/tools/cmd/staticcheck && touch $@

$(TOOLS)/govulncheck: test/tools/go.mod test/tools/go.sum
	cd test/tools && $(GO) build -o $@ golang.org/x/vuln/cmd/govulncheck && touch $@

clean:
	rm -rf $(CACHE) hearth
