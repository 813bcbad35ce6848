package sso

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crewjam/saml"

	"github.com/hearth-metrics/hearth"
)

// Bounds on what an assertion tells.
const (
	maxValues = 1000 // of one attribute
	maxValue  = 1024 // bytes
)

// claimed are an assertion's attributes.
type claimed struct{ of *saml.Assertion }

// values are those of the attribute of that name, or of that friendly name.
func (c claimed) values(name string) (out []string) {
	if name == "" {
		return nil
	}
	for _, friendly := range []bool{false, true} {
		for _, statement := range c.of.AttributeStatements {
			for _, a := range statement.Attributes {
				if !friendly && a.Name != name || friendly && a.FriendlyName != name {
					continue
				}
				for _, v := range a.Values {
					if s := strings.TrimSpace(v.Value); s != "" && len(s) <= maxValue && len(out) < maxValues {
						out = append(out, s)
					}
				}
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// names are the attributes there are, for who looks for one that is not.
func (c claimed) names() string {
	var all []string
	for _, statement := range c.of.AttributeStatements {
		for _, a := range statement.Attributes {
			all = append(all, a.Name)
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// An identified is who an assertion is about, and how that was read.
type identified struct {
	who     hearth.Identity
	details []hearth.Detail
	because string // why this role
}

// identify reads an assertion as the workspace's configuration says.
// https://docs.aws.amazon.com/grafana/latest/userguide/authentication-in-AMG-SAML.html
func identify(c *hearth.GrafanaSAML, a *saml.Assertion) (*identified, *refused) {
	attrs := claimed{a}
	name := saml.NameID{}
	if a.Subject.NameID != nil {
		name = *a.Subject.NameID
	}
	out := &identified{who: hearth.Identity{
		Provider: hearth.ProviderSAML, Issuer: a.Issuer.Value, Subject: subjectOf(&name),
		Login: first(attrs.values(c.LoginAttribute)), Name: first(attrs.values(c.NameAttribute)), Email: first(attrs.values(c.EmailAttribute)),
		Groups: attrs.values(c.GroupsAttribute),
	}}
	who := &out.who
	if name.Format == string(saml.TransientNameIDFormat) || who.Subject == "" {
		if who.Login == "" {
			return nil, refuse("subject", "The assertion names its subject anew each time, and has no login that would stay the same.").
				with(hearth.DetailAttribute, c.LoginAttribute).with(hearth.DetailActual, attrs.names()).
				with(hearth.DetailHint, "let the identity provider send a persistent NameID or an e-mail address as NameID, or map the attribute login").
				tell("your identity provider gives you another name each time, and no value for the attribute %s", orElse(c.LoginAttribute, "login"))
		}
		who.Subject = "login:" + who.Login
	}
	who.Email = orElse(who.Email, emailOf(&name))
	who.Login = orElse(orElse(who.Login, who.Email), name.Value)
	who.Name = orElse(who.Name, who.Login)
	out.details = []hearth.Detail{
		detail(hearth.DetailIssuer, who.Issuer), detail(hearth.DetailSubjectID, who.Subject), detail(hearth.DetailLogin, who.Login),
	}
	if f := checkOrganization(c, attrs, out); f != nil {
		return nil, f
	}
	out.role(c, attrs)
	return out, nil
}

func subjectOf(n *saml.NameID) string { return strings.TrimSpace(n.Value) }

func emailOf(n *saml.NameID) string {
	if n.Format == string(saml.EmailAddressNameIDFormat) {
		return strings.TrimSpace(n.Value)
	}
	return ""
}

// checkOrganization lets in whom the allowed organizations have. None allowed in
// particular allows all.
func checkOrganization(c *hearth.GrafanaSAML, attrs claimed, out *identified) *refused {
	have := attrs.values(c.OrgAttribute)
	out.who.Org = first(have)
	if len(c.AllowedOrganizations) == 0 {
		return nil
	}
	for _, org := range have {
		if slices.Contains(c.AllowedOrganizations, org) {
			out.who.Org = org
			out.details = append(out.details, detail(hearth.DetailOrganization, org))
			return nil
		}
	}
	f := refuse("organization", "%s is of none of the allowed organizations.", out.who.Login)
	f.details = append(f.details, out.details...)
	f.with(hearth.DetailAttribute, orElse(c.OrgAttribute, "(no attribute is mapped to org)")).
		with(hearth.DetailActual, list(have)).with(hearth.DetailExpected, list(c.AllowedOrganizations))
	if len(have) == 0 {
		f.with(hearth.DetailHint, "the assertion has these attributes: "+attrs.names())
		return f.tell("your identity provider gives no value for the attribute %s, by which this Grafana workspace knows organizations", orElse(c.OrgAttribute, "org"))
	}
	return f.tell("your identity provider gives %s for the attribute %s, and this Grafana workspace lets in other organizations", list(have), c.OrgAttribute)
}

// role is Admin, else Editor, by the values of the role attribute, else Viewer.
// https://docs.aws.amazon.com/grafana/latest/APIReference/API_RoleValues.html
func (out *identified) role(c *hearth.GrafanaSAML, attrs claimed) {
	have := attrs.values(c.RoleAttribute)
	out.who.Role = hearth.GrafanaViewer
	for _, step := range []struct {
		role   hearth.GrafanaRole
		values []string
	}{{hearth.GrafanaAdmin, c.AdminValues}, {hearth.GrafanaEditor, c.EditorValues}} {
		for _, v := range have {
			if slices.Contains(step.values, v) {
				out.who.Role = step.role
				out.because = fmt.Sprintf("the attribute %q has the value %q", c.RoleAttribute, v)
				out.details = append(out.details, detail(hearth.DetailAttribute, c.RoleAttribute), detail(hearth.DetailActual, list(have)), detail(hearth.DetailRole, string(step.role)))
				return
			}
		}
	}
	out.viewer(c, attrs, have)
}

// viewer says why nothing more came of it.
func (out *identified) viewer(c *hearth.GrafanaSAML, attrs claimed, have []string) {
	wanted := append(slices.Clone(c.AdminValues), c.EditorValues...)
	switch {
	case c.RoleAttribute == "":
		out.because = "no attribute is mapped to role"
	case len(have) == 0:
		out.because = fmt.Sprintf("the assertion has no attribute %q", c.RoleAttribute)
		out.details = append(out.details, detail(hearth.DetailHint, "the assertion has these attributes: "+attrs.names()))
	default:
		out.because = fmt.Sprintf("the attribute %q has no value that stands for Admin or Editor", c.RoleAttribute)
	}
	out.details = append(out.details,
		detail(hearth.DetailAttribute, orElse(c.RoleAttribute, "(none)")), detail(hearth.DetailActual, list(have)),
		detail(hearth.DetailExpected, "Admin: "+list(c.AdminValues)+"; Editor: "+list(c.EditorValues)), detail(hearth.DetailRole, string(hearth.GrafanaViewer)))
	for _, v := range have {
		for _, want := range wanted {
			if strings.EqualFold(v, want) {
				out.details = append(out.details, detail(hearth.DetailHint, fmt.Sprintf("%q and %q differ in upper and lower case only; they must be alike", v, want)))
			}
		}
	}
}

func list(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	quoted := make([]string, 0, min(len(values), 20))
	for _, v := range values[:min(len(values), 20)] {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	if more := len(values) - len(quoted); more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}
