package awsapi

import (
	"context"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// deletions holds a workspace's deletion up.
type deletions struct{ may chan struct{} }

func (d deletions) Delete(ctx context.Context, _ hearth.WorkspaceID) error {
	select {
	case <-d.may:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The tags of a workspace count until it is gone: a denial by tag does not end
// when its deletion begins.
func TestTagsOfADyingWorkspaceCount(t *testing.T) {
	may := make(chan struct{})
	d, _ := storytellersWith(t, deletions{may})
	defer close(may)
	by := personWith(t, d, d.opts.IAM.Account(alice.account), "outsider", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"aps:*","Resource":"*"},
		{"Effect":"Deny","Action":"aps:DescribeWorkspace","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"secret"}}}]}`)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	tag := ask{by: &alice, method: "POST", url: "/tags/" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.ARN().String()), body: `{"tags":{"team":"secret"}}`}
	if status, body := d.say(tag); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	path := "/workspaces/" + string(w.ID)
	for _, when := range []string{"before", "while it is deleted"} {
		if status, body := d.say(ask{by: &by, method: "GET", url: path}); status != 403 {
			t.Errorf("%s: %d %s", when, status, body)
		}
		if status, body := d.say(ask{by: &alice, method: "DELETE", url: path}); status != 202 && when == "before" {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := d.say(ask{by: &alice, method: "GET", url: path}); status != 200 {
		t.Errorf("the workspace is not being deleted: %d %s", status, body)
	}
}
