package iam

import (
	"testing"

	"github.com/hearth-metrics/hearth"
)

// A scraper goes where its roles let it, and is told which of the steps does not.
func TestMayCollect(t *testing.T) {
	const source, target = "arn:aws:iam::111111111111:role/source", "arn:aws:iam::222222222222:role/target"
	scraper := hearth.ARN{Partition: "aws", Service: "aps", Region: "eu-west-1", Account: "111111111111", Resource: "scraper/s-1"}
	ws := hearth.Workspace{ID: "ws-00000000-0000-4000-8000-000000000001", Account: "222222222222", Region: "eu-west-1"}
	trustService := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"scraper.aps.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnEquals":{"aws:SourceArn":"` + scraper.String() + `"}}}}`
	trustSource := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + source + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + scraper.String() + `"}}}}`
	step := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"` + target + `"}}`
	write := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"aps:RemoteWrite","Resource":"*"}}`
	h := newHouse(t)
	ctx := t.Context()
	parse := func(s string) hearth.ARN {
		arn, err := hearth.ParseARN(s)
		if err != nil {
			t.Fatal(err)
		}
		return arn
	}
	ask := func(by hearth.ARN, to string, want hearth.Kind, words string) {
		t.Helper()
		var arn hearth.ARN
		if to != "" {
			arn = parse(to)
		}
		err := h.MayCollect(ctx, by, parse(source), arn, ws)
		if want == hearth.Internal {
			if err != nil {
				t.Errorf("%v", err)
			}
			return
		}
		kindOf(t, err, want, words)
	}
	ask(scraper, "", hearth.Denied, "sourceRoleArn: there is no such role")
	near, far := h.Account("111111111111"), h.Account("222222222222")
	if _, err := near.Create(ctx, RoleKind, EntityInput{Name: "source", Trust: trustService}); err != nil {
		t.Fatal(err)
	}
	ask(scraper, "", hearth.Internal, "")
	other := scraper
	other.Resource = "scraper/s-2"
	ask(other, "", hearth.Denied, "does not trust")
	ask(scraper, target, hearth.Denied, "targetRoleArn: there is no such role")
	if _, err := far.Create(ctx, RoleKind, EntityInput{Name: "target", Trust: trustSource}); err != nil {
		t.Fatal(err)
	}
	ask(scraper, target, hearth.Denied, "targetRoleArn: there is no such role, or it does not trust")
	if err := near.PutInline(ctx, RoleKind, "source", "step", step); err != nil {
		t.Fatal(err)
	}
	ask(scraper, target, hearth.Denied, "may not aps:RemoteWrite")
	if err := far.PutInline(ctx, RoleKind, "target", "write", write); err != nil {
		t.Fatal(err)
	}
	ask(scraper, target, hearth.Internal, "")
}
