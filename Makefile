# Everything a contributor runs. CONTRIBUTING.md says when.
GO    ?= go
CACHE ?= $(CURDIR)/.cache
TOOLS := $(CACHE)/tools


.PHONY: web
.PHONY: build check fmt vet lint vuln test test-race fuzz golden docs bench bench-web peers image clean

# Without the linker's symbols, which neither panics nor profiles need, the program is a
# quarter smaller.
LDFLAGS ?= -s -w$(if $(VERSION), -X main.version=$(VERSION))

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='$(LDFLAGS)' -o hearth ./cmd/hearth

# image makes a container image of the program, without fetching any other.
IMAGE     ?= hearth:dev
DOCKER    ?= docker
CA_BUNDLE ?= /etc/ssl/certs/ca-certificates.crt
image: build
	rm -rf $(CACHE)/image && mkdir -p $(CACHE)/image/empty
	cp hearth deploy/Dockerfile $(CACHE)/image/ && cp -L $(CA_BUNDLE) $(CACHE)/image/ca-certificates.crt
	$(DOCKER) build -t $(IMAGE) $(CACHE)/image

# check is what CI runs. Every fuzz target runs in it on its kept corpus; the search for new
# inputs is make fuzz, for a check has to say the same of the same tree each time.
check: fmt vet lint test vuln

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
	$(GO) test -timeout 90m ./...

# web builds the browser app into web/dist, which is committed: who builds Hearth
# needs no Node.
web:
	cd web && npm install --no-save --no-audit --no-fund && npm run check && npm run build

# test-race runs the rooms, not the journeys, under the race detector.
test-race:
	$(GO) test -race -short -timeout 90m $$($(GO) list ./... | grep -v -e /cmd/ -e /test/)

# fuzz gives every decoder of outside bytes a few seconds beyond its kept corpus. What it
# finds lands in testdata/fuzz: mend it and keep the file.
FUZZTIME ?= 3s
fuzz:
	@GO="$(GO)" FUZZTIME=$(FUZZTIME) test/fuzz

# golden rewrites the expected files; review them as a diff.
golden:
	$(GO) test ./awsapi ./cmd/hearth -run 'Golden|TestDocsConfiguration|OperationsPage' -update
	$(GO) test ./workspace ./ledger -run 'TestLifeScript|TestExplain' -rewrite

bench: peers
	$(GO) run ./test/bench -out docs/benchmarks.md

# bench-web prints how fast dashboards are, for docs/benchmarks.md.
bench-web:
	$(GO) run ./test/browser -perf

peers:
	@test/peers/build prometheus prometheus-2.42 alertmanager amtool kube-apiserver kubectl kube-state-metrics yace >/dev/null

$(TOOLS)/staticcheck: test/tools/go.mod test/tools/go.sum
	cd test/tools && $(GO) build -o $@ honnef.co/go/tools/cmd/staticcheck && touch $@

$(TOOLS)/govulncheck: test/tools/go.mod test/tools/go.sum
	cd test/tools && $(GO) build -o $@ golang.org/x/vuln/cmd/govulncheck && touch $@

clean:
	rm -rf $(CACHE) hearth
