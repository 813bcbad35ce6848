package iam

import (
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A service role may what its policy says, is denied by the policies of what it asks
// for, and has no part in what an entity of the same name may.
func TestServicePrincipal(t *testing.T) {
	const account = "111111111111"
	h := newHouse(t)
	ctx := t.Context()
	role := ServiceRole{Account: account, Name: "AmazonGrafanaServiceRole-g-1", Session: "g-1",
		Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"arn:aws:aps:*:111111111111:*"}}`}
	p, err := h.ServicePrincipal(role)
	if err != nil {
		t.Fatal(err)
	}
	own := hearth.ARN{Partition: "aws", Service: "aps", Region: "eu-west-1", Account: account, Resource: "workspace/ws-00000000-0000-4000-8000-000000000001"}
	other := own
	other.Account = "222222222222"
	other.Resource = "workspace/ws-00000000-0000-4000-8000-000000000002"
	may := func(action string, on hearth.ARN) bool {
		return h.Authorize(ctx, p, hearth.Access{Action: action, Resource: on, Region: on.Region}) == nil
	}
	if _, err := h.Account(account).Create(ctx, RoleKind, EntityInput{Name: role.Name, Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"grafana.amazonaws.com"},"Action":"sts:AssumeRole"}}`}); err != nil {
		t.Fatal(err)
	}
	if err := h.Account(account).PutInline(ctx, RoleKind, role.Name, "all", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`); err != nil {
		t.Fatal(err)
	}
	open := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"aps:*","Resource":"*"}}`
	if _, err := h.PutResourcePolicy(ctx, other, open, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		action string
		on     hearth.ARN
		want   bool
	}{{"aps:QueryMetrics", own, true}, {"aps:RemoteWrite", own, false}, {"aps:DeleteWorkspace", own, false}, {"iam:CreateUser", own, false}, {"aps:QueryMetrics", other, false}} {
		if got := may(c.action, c.on); got != c.want {
			t.Errorf("%s on %s: %t, want %t", c.action, c.on, got, c.want)
		}
	}
	shut := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"` + role.ARN().String() + `"},"Action":"aps:QueryMetrics","Resource":"*"}}`
	if _, err := h.PutResourcePolicy(ctx, own, shut, ""); err != nil {
		t.Fatal(err)
	}
	if may("aps:QueryMetrics", own) {
		t.Error("a workspace's policy that denies the service role does not count")
	}
	if _, err := h.ServicePrincipal(ServiceRole{Account: account, Name: "n", Policy: "{"}); err == nil {
		t.Error("a policy that cannot be read is taken")
	}
}
