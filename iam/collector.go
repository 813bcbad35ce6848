package iam

import (
	"context"
	"fmt"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// ScraperService is who assumes a scraper's source role.
const ScraperService = "scraper.aps.amazonaws.com"

// MayCollect asks whether a scraper's roles let it in where it goes: the source
// role must trust the service, for this scraper; the target role, if there is one,
// must trust the source role, which names the scraper as external id, and may
// aps:RemoteWrite on the workspace. The error is of kind Denied, and its Msg says
// what is missing.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
func (r *Room) MayCollect(_ context.Context, scraper, source, target hearth.ARN, ws hearth.Workspace) error {
	access := hearth.Access{Region: ws.Region, Context: map[string]string{"aws:SourceArn": scraper.String(), "aws:SourceAccount": string(scraper.Account)}}
	service := caller{Identity: Identity{Kind: Service, Name: ScraperService}}
	if _, err := r.stepInto(&service, source, access, nil, "sourceRoleArn", "the service "+ScraperService+" with aws:SourceArn "+scraper.String()); err != nil {
		return err
	}
	if target == (hearth.ARN{}) {
		return nil
	}
	from := r.roleCaller(source)
	id := Values{}
	id.Set("sts:ExternalId", scraper.String())
	id.Set("sts:RoleSessionName", "scraper")
	if _, err := r.stepInto(&from, target, hearth.Access{Region: ws.Region}, id, "targetRoleArn", source.String()+" with sts:ExternalId "+scraper.String()); err != nil {
		return err
	}
	to := r.roleCaller(target)
	write := hearth.Access{Action: "aps:RemoteWrite", Resource: ws.ARN(), ResourceTags: ws.Tags, Region: ws.Region}
	q := Question{Who: to.Identity, Action: write.Action, Resource: write.Resource, Keys: &requestKeys{who: &to, access: &write, now: r.opts.Now()}}
	ps := to.policies()
	r.withResource(&q, &ps)
	if d := Evaluate(&q, &ps); !d.Allowed {
		return notCollecting(target, "roleConfiguration.targetRoleArn: the role may not aps:RemoteWrite on "+ws.ARN().String())
	}
	return nil
}

// stepInto asks whether who may become a role.
func (r *Room) stepInto(who *caller, arn hearth.ARN, access hearth.Access, further Values, member, whom string) (*Entity, error) {
	role := r.role(arn)
	if role == nil {
		return nil, notCollecting(arn, fmt.Sprintf("roleConfiguration.%s: there is no such role, or it does not trust %s", member, whom))
	}
	access.Action, access.Resource, access.ResourceTags = "sts:AssumeRole", arn, role.Tags
	q := Question{Who: who.Identity, Action: access.Action, Resource: arn, Trust: true,
		Keys: &requestKeys{who: who, access: &access, now: r.opts.Now(), further: further}}
	ps := who.policies()
	ps.Resource = []Source{{Name: "trust policy of " + role.title(), Policy: role.trust}}
	if d := Evaluate(&q, &ps); !d.Allowed {
		return nil, notCollecting(arn, fmt.Sprintf("roleConfiguration.%s: there is no such role, or it does not trust %s", member, whom))
	}
	return role, nil
}

func notCollecting(role hearth.ARN, msg string) error {
	return &hearth.Error{Kind: hearth.Denied, Resource: role.String(), Msg: msg}
}

// roleCaller is a session of a role, as far as decisions go.
func (r *Room) roleCaller(arn hearth.ARN) caller {
	w := caller{}
	w.Account = arn.Account
	name := arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
	w.ARN = "arn:aws:sts::" + string(arn.Account) + ":assumed-role/" + name + "/scraper"
	r.attach(&w, entityKey{arn.Account, RoleKind, lower(name)})
	return w
}
