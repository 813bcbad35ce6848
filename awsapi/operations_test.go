package awsapi

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const operationsPage = "../docs/operations.md"

// docs/operations.md says what the tables say.
func TestOperationsPage(t *testing.T) {
	page := writeOperations()
	if *update {
		if err := os.WriteFile(operationsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(operationsPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), page); diff != "" {
		t.Errorf("%s is not what the tables say; go generate ./awsapi rewrites it (-have +want):\n%s", operationsPage, diff)
	}
}

const operationsHead = `# Operations

Generated from the route tables by ` + "`go generate ./awsapi`" + `; do not edit.

Every operation of a service's model that is listed here is either *served* or
*refused*: a refused operation is authenticated and authorised like any other
and then answers an error that says it is not served yet
([decision](decisions/0021-operations-not-served.md)). The action is the IAM
action a caller needs; − means that every caller with valid keys may.
`

func writeOperations() string {
	var b strings.Builder
	b.WriteString(operationsHead)
	tables := (&Server{}).tables()
	control, data := split(tables["aps"])
	section(&b, "Amazon Managed Service for Prometheus: control plane", "signed for the service `aps`", control)
	section(&b, "Amazon Managed Service for Prometheus: data plane of a workspace",
		"signed for the service `aps` and the workspace's region; ⁺ marks extensions of Hearth, which profile `aws-strict` leaves out", data)
	section(&b, "AWS Security Token Service", "signed for the service `sts`; the path is the form's `Action`, posted to `/`", tables["sts"])
	section(&b, "AWS Identity and Access Management", "signed for the service `iam`; the path is the form's `Action`, posted to `/`", tables["iam"])
	section(&b, "Amazon Simple Notification Service", "signed for the service `sns`; the path is the form's `Action`, posted to `/`. ConfirmSubscription and Unsubscribe "+
		"are also links that need no signature, and ⁺ marks pages for whoever gets a message", tables["sns"])
	section(&b, "Amazon Managed Grafana", "signed for the service `grafana`", tables["grafana"])
	section(&b, "A Grafana workspace's own HTTP API", "made with a service account's token or a browser's session, at the Grafana workspace's address; "+
		"instead of an IAM action each needs a role in the Grafana workspace, − means that nobody need be proven. What is not here answers 501 and a sentence. ⁺ marks what only Hearth has", tables[grafanaHTTP])
	section(&b, "Amazon Elastic Kubernetes Service", "signed for the service `eks`; they are about clusters that were registered, see [clusters.md](clusters.md)", tables["eks"])
	pages := slices.Clone(tables["hearth"])
	own := slices.DeleteFunc(slices.Clone(pages), func(r *row) bool { return r.on == signIn })
	pages = slices.DeleteFunc(pages, func(r *row) bool { return r.on != signIn })
	section(&b, "Amazon CloudWatch", "signed for the service `monitoring`; the path is the operation, asked for by CBOR, JSON 1.0 or a form; only the usage of Hearth's own workspaces is there", tables["monitoring"])
	section(&b, "Hearth", "signed for the service `hearth`", own)
	section(&b, "Sign-in", "not signed: see [sign-in.md](sign-in.md)", pages)
	b.WriteString("\n## Services not served yet\n\nRequests signed for these answer an error in the service's own protocol:\n\n")
	for _, k := range known {
		if len(tables[k.name]) == 0 {
			fmt.Fprintf(&b, "- %s (`%s`)\n", k.title, k.name)
		}
	}
	return b.String()
}

func split(rows []*row) (control, data []*row) {
	for _, r := range rows {
		if r.data() {
			data = append(data, r)
		} else {
			control = append(control, r)
		}
	}
	return control, data
}

func section(b *strings.Builder, title, how string, rows []*row) {
	fmt.Fprintf(b, "\n## %s\n\nRequests are %s.\n", title, how)
	isRefused := func(r *row) bool { return r.refused() }
	served := slices.DeleteFunc(slices.Clone(rows), isRefused)
	refused := slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return !isRefused(r) })
	table(b, "Served", served)
	table(b, "Refused", refused)
}

func table(b *strings.Builder, title string, rows []*row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s (%d):\n\n| method | path | action |\n|---|---|---|\n", title, len(rows))
	for _, r := range rows {
		action, mark := "`"+r.action+"`", ""
		if r.role != "" && r.on == grafanaUser {
			action += ", " + string(r.role)
		}
		if r.on == anyPrincipal || r.on == unsigned || r.on == snsLink || r.on == snsPage || r.on == grafanaOpen {
			action += " −"
		}
		if r.extension {
			mark = " ⁺"
		}
		fmt.Fprintf(b, "| %s | `%s`%s | %s |\n", r.method, r.path, mark, action)
	}
}
