package dashboard

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// versions are the versions of Grafana whose API the operations may name, newest
// first. https://docs.aws.amazon.com/grafana/latest/userguide/version-differences.html
var versions = []string{"12.4", "10.4", "9.4", "8.4"}

const latestVersion = "10.4"

// UpdateInput is what UpdateWorkspace takes; nil leaves a setting as it is.
type UpdateInput struct {
	Name, Description, AccountAccess, PermissionType *string
	UnitsRole, StackSet, RoleARN, IPType             *string
	DataSources, Destinations, Units                 []string
	VPC                                              *VPC
	Network                                          *Network
	RemoveVPC, RemoveNetwork                         bool
}

func (in *UpdateInput) apply(s *Settings) {
	for _, m := range []struct {
		to   *string
		from *string
	}{
		{&s.Name, in.Name}, {&s.Description, in.Description}, {&s.AccountAccess, in.AccountAccess}, {&s.PermissionType, in.PermissionType},
		{&s.UnitsRole, in.UnitsRole}, {&s.StackSet, in.StackSet}, {&s.RoleARN, in.RoleARN}, {&s.IPType, in.IPType},
	} {
		if m.from != nil {
			*m.to = *m.from
		}
	}
	for _, m := range []struct {
		to   *[]string
		from []string
	}{{&s.DataSources, in.DataSources}, {&s.Destinations, in.Destinations}, {&s.Units, in.Units}} {
		if m.from != nil {
			*m.to = m.from
		}
	}
	if in.VPC != nil || in.RemoveVPC {
		s.VPC = in.VPC
	}
	if in.Network != nil || in.RemoveNetwork {
		s.Network = in.Network
	}
}

// Update changes the settings of a Grafana workspace.
func (r *Room) Update(ctx context.Context, id hearth.GrafanaID, in UpdateInput) (Description, error) {
	return r.change(ctx, "UpdateWorkspace", id, "Grafana workspace updated.", func(_ store.Tx, rec *record) error {
		var p problems
		if in.VPC != nil && in.RemoveVPC {
			p.Add("removeVpcConfiguration", "Member must not be given together with vpcConfiguration")
		}
		if in.Network != nil && in.RemoveNetwork {
			p.Add("removeNetworkAccessConfiguration", "Member must not be given together with networkAccessControl")
		}
		in.apply(&rec.Settings)
		p.checkSettings(&rec.Settings)
		rec.Status = hearth.Updating
		return p.Err()
	})
}

// Configuration returns the switches of a Grafana workspace and its version.
func (r *Room) Configuration(ctx context.Context, id hearth.GrafanaID) (text, version string, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := mine(ctx, tx, id)
		if err == nil {
			text, version = rec.Configuration, rec.Version
		}
		return err
	})
	return text, version, err
}

// Configure replaces the switches, and with a version moves to it. Versions go up
// only.
func (r *Room) Configure(ctx context.Context, id hearth.GrafanaID, text string, version *string) error {
	_, err := r.change(ctx, "UpdateWorkspaceConfiguration", id, "Grafana workspace configured.", func(_ store.Tx, rec *record) error {
		var p problems
		p.checkConfiguration(text)
		rec.Configuration, rec.Status = text, hearth.Updating
		if version != nil && *version != rec.Version {
			if !slices.Contains(upgrades(rec.Version), *version) {
				p.Add("grafanaVersion", "Member must be the workspace's version or one it can be upgraded to: [%s]", strings.Join(upgrades(rec.Version), ", "))
			}
			rec.Version, rec.Status = *version, VersionUpdating
		}
		return p.Err()
	})
	return err
}

// upgrades are the versions that a workspace with this one can move to.
func upgrades(from string) []string {
	i := slices.Index(versions, from)
	return versions[:max(i, 0)]
}

// Versions lists the versions there are or, for a Grafana workspace, those it can
// be upgraded to.
func (r *Room) Versions(ctx context.Context, id *hearth.GrafanaID, page Page) (out []string, next string, err error) {
	out = versions
	if id != nil {
		d, err := r.Describe(ctx, *id)
		if err != nil {
			return nil, "", err
		}
		out = upgrades(d.Version)
	}
	ranked := func(v string) string { return idKey(int64(slices.Index(versions, v))) }
	return cut(out, page, "versions", ranked)
}

// trial is how long AWS's free trial of Grafana Enterprise lasts.
const trial = 30 * 24 * time.Hour

var licenseTypes = []string{"ENTERPRISE", "ENTERPRISE_FREE_TRIAL"}

// Associate notes a Grafana Enterprise license. Hearth has nothing that depends on
// one.
func (r *Room) Associate(ctx context.Context, id hearth.GrafanaID, license, token string) (Description, error) {
	return r.change(ctx, "AssociateLicense", id, "Grafana workspace associated with a license.", func(_ store.Tx, rec *record) error {
		var p problems
		p.oneOf("licenseType", license, licenseTypes)
		p.length("grafanaToken", token, 0, 36)
		l := &rec.License
		if license == "ENTERPRISE_FREE_TRIAL" {
			if l.TrialUsed {
				p.Add("licenseType", "The free trial of this workspace was used")
			}
			l.TrialUsed, l.TrialExpires = true, rec.Modified.Add(trial)
		} else {
			l.Expires = rec.Modified.Add(365 * 24 * time.Hour)
		}
		l.Type, l.Token, rec.Status = license, token, Upgrading
		return p.Err()
	})
}

// Disassociate forgets the license.
func (r *Room) Disassociate(ctx context.Context, id hearth.GrafanaID, license string) (Description, error) {
	return r.change(ctx, "DisassociateLicense", id, "Grafana workspace's license removed.", func(_ store.Tx, rec *record) error {
		var p problems
		p.oneOf("licenseType", license, licenseTypes)
		if err := p.Err(); err != nil {
			return err
		}
		if rec.License.Type != license {
			return &hearth.Error{Kind: hearth.NotFound, Resource: license, Type: "LICENSE", Msg: "The Grafana workspace has no such license"}
		}
		rec.License = License{TrialUsed: rec.License.TrialUsed, TrialExpires: rec.License.TrialExpires}
		rec.Status = hearth.Updating
		return nil
	})
}

// arnID is the id in the ARN of a Grafana workspace of the caller.
func arnID(ctx context.Context, arn hearth.ARN) (hearth.GrafanaID, error) {
	name, ok := strings.CutPrefix(arn.Resource, "/workspaces/")
	c := hearth.CallerFrom(ctx)
	id, valid := hearth.ParseGrafanaID(name)
	if !ok || !valid || arn.Service != "grafana" || arn.Account != c.Account || arn.Region != c.Region {
		return "", &hearth.Error{Kind: hearth.NotFound, Resource: arn.String(), Type: workspaceType, Msg: "Grafana workspace not found"}
	}
	return id, nil
}

// Tags returns the tags of a Grafana workspace of the caller.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	id, err := arnID(ctx, arn)
	if err != nil {
		return nil, err
	}
	d, err := r.Describe(ctx, id)
	return d.Tags, err
}

// Tag adds tags, or changes those of the same key.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	return r.retag(ctx, "TagResource", arn, func(have map[string]string) error {
		var p problems
		p.CheckTags(tags)
		maps.Copy(have, tags)
		p.CheckAdded(have)
		return p.Err()
	})
}

// Untag removes tags. A key that is not there is not an error.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error {
	return r.retag(ctx, "UntagResource", arn, func(have map[string]string) error {
		var p problems
		for _, k := range keys {
			p.CheckTagKey("tagKeys", k)
			delete(have, k)
		}
		return p.Err()
	})
}

// retag goes on while something else is under way: the service model knows no
// conflict here.
func (r *Room) retag(ctx context.Context, op string, arn hearth.ARN, change func(map[string]string) error) error {
	id, err := arnID(ctx, arn)
	if err != nil {
		return err
	}
	var rec *record
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = mine(ctx, tx, id); err != nil {
			return err
		}
		if rec.Tags == nil {
			rec.Tags = map[string]string{}
		}
		if err := change(rec.Tags); err != nil {
			return err
		}
		return put(tx, workspaceBucket, string(id), rec)
	})
	if err == nil {
		r.changed(ctx, op, rec, "Grafana workspace's tags changed.")
	}
	return err
}
