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
	section(&b, "Hearth", "signed for the service `hearth`", tables["hearth"])
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
		if r.on == anyPrincipal || r.on == unsigned || r.on == snsLink || r.on == snsPage {
			action += " −"
		}
		if r.extension {
			mark = " ⁺"
		}
		fmt.Fprintf(b, "| %s | `%s`%s | %s |\n", r.method, r.path, mark, action)
	}
}
