package dashboard

import (
	"context"
	"encoding/xml"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// SAML is how a Grafana workspace understands its SAML identity provider, in
// AWS's members.
// https://docs.aws.amazon.com/grafana/latest/APIReference/API_SamlConfiguration.html
type SAML struct {
	Metadata struct {
		URL string `json:"url,omitempty"`
		XML string `json:"xml,omitempty"`
	} `json:"idpMetadata"`
	Attributes *struct {
		Name   string `json:"name,omitempty"`
		Login  string `json:"login,omitempty"`
		Email  string `json:"email,omitempty"`
		Groups string `json:"groups,omitempty"`
		Role   string `json:"role,omitempty"`
		Org    string `json:"org,omitempty"`
	} `json:"assertionAttributes,omitempty"`
	Roles *struct {
		Admin  []string `json:"admin,omitempty"`
		Editor []string `json:"editor,omitempty"`
	} `json:"roleValues,omitempty"`
	Organizations []string `json:"allowedOrganizations,omitempty"`
	Validity      *int     `json:"loginValidityDuration,omitempty"` // minutes
}

// Metadata knows what an identity provider must tell.
type Metadata interface {
	// CheckMetadata reads the metadata of a SAML identity provider, as sign-ins
	// will. The error is of kind Invalid; the message of its first field says what
	// is wrong, and completes "the metadata …".
	CheckMetadata(xml string) error
}

const maxMetadata = 256 << 10 // bytes

func (p *problems) checkSAML(s *SAML, reader Metadata) {
	if (s.Metadata.URL == "") == (s.Metadata.XML == "") {
		p.Add("samlConfiguration.idpMetadata", "Member must have exactly one of url, xml")
	}
	if u := s.Metadata.URL; u != "" {
		at, err := url.Parse(u)
		if err != nil || (at.Scheme != "https" && at.Scheme != "http") || at.Host == "" || at.User != nil || len(u) > 2048 {
			p.Add("samlConfiguration.idpMetadata.url", "Member must be an http or https URL of at most 2048 characters")
		}
	}
	if x := s.Metadata.XML; x != "" {
		p.checkMetadata(x, reader)
	}
	if a := s.Attributes; a != nil {
		for name, v := range map[string]string{"name": a.Name, "login": a.Login, "email": a.Email, "groups": a.Groups, "role": a.Role, "org": a.Org} {
			p.length("samlConfiguration.assertionAttributes."+name, v, 0, 256)
		}
	}
	if v := s.Roles; v != nil {
		p.valueList("samlConfiguration.roleValues.admin", v.Admin)
		p.valueList("samlConfiguration.roleValues.editor", v.Editor)
		if len(v.Admin)+len(v.Editor) > 0 && (s.Attributes == nil || s.Attributes.Role == "") {
			p.Add("samlConfiguration.assertionAttributes.role", "Member must name the attribute that roleValues are compared with")
		}
	}
	p.valueList("samlConfiguration.allowedOrganizations", s.Organizations)
	if len(s.Organizations) > 0 && (s.Attributes == nil || s.Attributes.Org == "") {
		p.Add("samlConfiguration.assertionAttributes.org", "Member must name the attribute that allowedOrganizations are compared with")
	}
	if s.Validity != nil && (*s.Validity < 0 || *s.Validity > 525_600) {
		p.Add("samlConfiguration.loginValidityDuration", "Member must be between 0 and 525600 minutes")
	}
}

func (p *problems) checkMetadata(text string, reader Metadata) {
	const name = "samlConfiguration.idpMetadata.xml"
	if len(text) > maxMetadata {
		p.Add(name, "Member must have at most %d bytes", maxMetadata)
		return
	}
	var root struct{ XMLName xml.Name }
	err := xml.Unmarshal([]byte(text), &root)
	if err != nil || (root.XMLName.Local != "EntityDescriptor" && root.XMLName.Local != "EntitiesDescriptor") {
		p.Add(name, "Member must be an EntityDescriptor in XML, as an identity provider publishes it")
		return
	}
	if reader == nil {
		return
	}
	if err := reader.CheckMetadata(text); err != nil {
		p.Add(name, "Member must be the metadata of a SAML identity provider, but it %s", whatIsWrong(err))
	}
}

// whatIsWrong is what the first field of a checker's error says.
func whatIsWrong(err error) string {
	if e, ok := errors.AsType[*hearth.Error](err); ok && len(e.Fields) > 0 {
		return e.Fields[0].Msg
	}
	return "cannot be read"
}

func (p *problems) valueList(name string, values []string) {
	if len(values) > 100 {
		p.Add(name, "Member must have at most 100 items")
		return
	}
	for _, v := range values {
		p.length(name, v, 1, 256)
	}
}

// An AuthenticationDescription is how people sign in, as its owner sees it.
type AuthenticationDescription struct {
	Providers []string
	SAML      *SAML
}

// DescribeAuthentication tells the owner how people sign in.
func (r *Room) DescribeAuthentication(ctx context.Context, id hearth.GrafanaID) (d AuthenticationDescription, err error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return d, err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := mine(ctx, tx, id)
		if err == nil {
			d = AuthenticationDescription{Providers: rec.Providers, SAML: rec.SAML}
		}
		return err
	})
	return d, err
}

// UpdateAuthentication replaces the ways to sign in. Without SAML among the
// providers its configuration goes; without a configuration an earlier one stays.
func (r *Room) UpdateAuthentication(ctx context.Context, id hearth.GrafanaID, providers []string, saml *SAML) (d AuthenticationDescription, err error) {
	providers = slices.Compact(slices.Sorted(slices.Values(providers)))
	_, err = r.change(ctx, "UpdateWorkspaceAuthentication", id, "Grafana workspace's authentication changed.", func(_ store.Tx, rec *record) error {
		var p problems
		p.checkProviders(providers)
		switch {
		case saml != nil && !slices.Contains(providers, hearth.ProviderSAML):
			p.Add("samlConfiguration", "Member must not be given without SAML among authenticationProviders")
		case saml != nil:
			p.checkSAML(saml, r.opts.Metadata)
			rec.SAML = saml
		}
		if !slices.Contains(providers, hearth.ProviderSAML) {
			rec.SAML = nil
		}
		rec.Providers = providers
		d = AuthenticationDescription{Providers: rec.Providers, SAML: rec.SAML}
		return p.Err()
	})
	return d, err
}

// Authentication is how people sign in to a Grafana workspace of any account.
func (r *Room) Authentication(ctx context.Context, id hearth.GrafanaID) (a hearth.GrafanaAuthentication, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := load(tx, id)
		if err != nil {
			return err
		}
		a = hearth.GrafanaAuthentication{Providers: rec.Providers}
		if rec.SAML != nil {
			a.SAML = rec.SAML.plain()
		}
		return nil
	})
	return a, err
}

func (s *SAML) plain() hearth.GrafanaSAML {
	out := hearth.GrafanaSAML{MetadataURL: s.Metadata.URL, MetadataXML: s.Metadata.XML, AllowedOrganizations: s.Organizations}
	if a := s.Attributes; a != nil {
		out.NameAttribute, out.LoginAttribute, out.EmailAttribute = a.Name, a.Login, a.Email
		out.GroupsAttribute, out.RoleAttribute, out.OrgAttribute = a.Groups, a.Role, a.Org
	}
	if v := s.Roles; v != nil {
		out.AdminValues, out.EditorValues = v.Admin, v.Editor
	}
	if s.Validity != nil {
		out.LoginValidity = time.Duration(*s.Validity) * time.Minute
	}
	return out
}
