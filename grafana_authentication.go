package hearth

import "time"

// The ways into a Grafana workspace, as GrafanaAuthentication.Providers and
// Identity.Provider name them.
const (
	ProviderSAML   = "SAML"
	ProviderAWSSSO = "AWS_SSO" // an OpenID Connect provider
	ProviderLocal  = "LOCAL"   // the local administrator of `hearth dev`
)

// GrafanaAuthentication is how people sign in to a Grafana workspace.
// https://docs.aws.amazon.com/grafana/latest/APIReference/API_AuthenticationDescription.html
type GrafanaAuthentication struct {
	Providers []string    // ProviderSAML, ProviderAWSSSO
	SAML      GrafanaSAML // zero until it is configured
}

// Allows tells whether the provider is one of the Grafana workspace's.
func (a GrafanaAuthentication) Allows(provider string) bool {
	for _, p := range a.Providers {
		if p == provider {
			return true
		}
	}
	return false
}

// GrafanaSAML is the SAML identity provider of a Grafana workspace, and what its
// assertions mean.
// https://docs.aws.amazon.com/grafana/latest/APIReference/API_SamlConfiguration.html
type GrafanaSAML struct {
	MetadataURL string // one of the two is set
	MetadataXML string

	// Names of the attributes of an assertion. An empty one is not read.
	NameAttribute   string
	LoginAttribute  string
	EmailAttribute  string
	GroupsAttribute string
	RoleAttribute   string
	OrgAttribute    string

	AdminValues          []string // of the role attribute
	EditorValues         []string
	AllowedOrganizations []string      // empty: all
	LoginValidity        time.Duration // how long a sign-in lasts; 0: as long as any session
}

// Configured tells whether there is an identity provider to ask.
func (s GrafanaSAML) Configured() bool { return s.MetadataURL != "" || s.MetadataXML != "" }
