package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/hearth-metrics/hearth"
)

var update = flag.Bool("update", false, "rewrite the generated documents")

// TestDocsConfiguration keeps docs/configuration.md equal to the flags.
func TestDocsConfiguration(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "configuration.md")
	got := configurationDoc()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/configuration.md is not what the flags say; run `go test ./cmd/hearth -run TestDocsConfiguration -update` (-there +flags):\n%s", diff)
	}
}

func configurationDoc() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Generated from the program; do not edit.

Every setting is a flag, an environment variable and a key of the file given by
` + "`--config.file`" + ` (` + "`HEARTH_CONFIG_FILE`" + `). A flag wins over a variable, a variable
over the file. In the file the part before the first dot is a section:

` + "```yaml" + `
storage:
  path: hearth-data
web:
  external-url: https://metrics.example
profile: local
` + "```" + `

An unknown key, or a value that cannot work, stops the start with a sentence that
names it. ` + "`hearth check config FILE`" + ` says so beforehand.

| flag | variable | default | meaning |
|---|---|---|---|
`)
	defaults, dev := defaultConfig(), devConfig()
	for _, s := range settings {
		value := shown(s.field(&defaults))
		if other := shown(s.field(&dev)); other != value {
			value += " (`hearth dev`: " + other + ")"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", s.name, variable(s.name), value, s.usage)
	}
	b.WriteString(`
The root keys come from ` + "`HEARTH_ROOT_ACCESS_KEY_ID` and `HEARTH_ROOT_SECRET_ACCESS_KEY`" + `,
else from the file ` + "`credentials`" + ` in the storage folder, which the first start
writes (profile ` + "`hearth`" + `, mode 0600). ` + "`hearth dev`" + ` uses test and test.

## Accounts and identity providers

The file can name more accounts, each apart from all others unless policies join
them, and can pin the keys of OpenID Connect issuers that cannot be reached:

` + "```yaml" + `
accounts:
  - id: "222222222222"
identity-providers:
  - issuer: https://oidc.example/id/1
    jwks-file: cluster-keys.json
` + "```" + `

Without ` + "`access-key-id` and `secret-access-key`" + ` the first start makes root keys of
such an account and writes them into ` + "`credentials`" + ` (profile ` + "`hearth-222222222222`" + `);
` + "`hearth dev`" + ` uses the account's number and test.

## Limits

The section ` + "`limits`" + ` of the file sets what every workspace may do, unless the
workspace has a setting of its own. 0 means no limit, where a limit can be absent.

| name | local | aws-strict | meaning |
|---|---|---|---|
`)
	local, strict := hearth.LimitsOf(hearth.Local), hearth.LimitsOf(hearth.AWSStrict)
	for _, s := range limitSettings {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, shown(s.field(&local)), shown(s.field(&strict)), s.usage)
	}
	return b.String()
}

func shown(p any) string {
	switch p := p.(type) {
	case *string:
		return orElse(*p, "none")
	case *bool:
		return fmt.Sprint(*p)
	case *[]string:
		return orElse(strings.Join(*p, ","), "none")
	case *time.Duration:
		return model.Duration(*p).String()
	case *int:
		return fmt.Sprint(*p)
	case *int64:
		return fmt.Sprint(*p)
	case *float64:
		return fmt.Sprint(*p)
	}
	return "?"
}
