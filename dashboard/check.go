package dashboard

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// The patterns and enumerations of the service model.
var (
	namePattern = regexp.MustCompile(`^[a-zA-Z0-9\-._~]{1,255}$`)
	rolePattern = regexp.MustCompile(`^arn:aws[-a-z]*:iam::[0-9]{12}:role/.+$`)

	accessTypes     = []string{"CURRENT_ACCOUNT", "ORGANIZATION"}
	permissionTypes = []string{"CUSTOMER_MANAGED", "SERVICE_MANAGED"}
	providerTypes   = []string{hearth.ProviderAWSSSO, hearth.ProviderSAML}
	sourceTypes     = []string{"AMAZON_OPENSEARCH_SERVICE", "CLOUDWATCH", "PROMETHEUS", "XRAY", "TIMESTREAM", "SITEWISE", "ATHENA", "REDSHIFT", "TWINMAKER"}
	ipTypes         = []string{"IPv4", "DualStack"}
)

const (
	maxConfiguration     = 65536
	defaultConfiguration = `{"plugins":{"pluginAdminEnabled":false},"unifiedAlerting":{"enabled":true}}`
)

func (p *problems) checkID(id hearth.GrafanaID) {
	if _, ok := hearth.ParseGrafanaID(string(id)); !ok {
		p.Add("workspaceId", "Member must satisfy regular expression pattern: g-[0-9a-f]{10}")
	}
}

func (p *problems) oneOf(name, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		p.Add(name, "Member must satisfy enum value set: [%s]", strings.Join(allowed, ", "))
	}
}

func (p *problems) length(name, value string, low, high int) {
	if n := utf8.RuneCountInString(value); n < low || n > high || !utf8.ValidString(value) {
		p.Add(name, "Member must have length between %d and %d", low, high)
	}
}

func (p *problems) each(name string, values, allowed []string) {
	for _, v := range values {
		p.oneOf(name, v, allowed)
	}
}

func (p *problems) checkProviders(providers []string) {
	if len(providers) == 0 {
		p.Add("authenticationProviders", "Member must have one or both of [%s]", strings.Join(providerTypes, ", "))
	}
	p.each("authenticationProviders", providers, providerTypes)
}

// checkConfiguration checks the text that holds the switches of a workspace.
// https://docs.aws.amazon.com/grafana/latest/userguide/AMG-configure-workspace.html
func (p *problems) checkConfiguration(text string) {
	if len(text) < 2 || len(text) > maxConfiguration {
		p.Add("configuration", "Member must have length between 2 and %d", maxConfiguration)
		return
	}
	var known struct {
		Plugins *struct {
			Enabled *bool `json:"pluginAdminEnabled"`
		} `json:"plugins"`
		Alerting *struct {
			Enabled *bool `json:"enabled"`
		} `json:"unifiedAlerting"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&known); err != nil || d.More() {
		p.Add("configuration", `Member must be a JSON object with the keys plugins {"pluginAdminEnabled": true or false} and unifiedAlerting {"enabled": true or false}`)
	}
}

func (p *problems) checkSettings(s *Settings) {
	if s.Name != "" && !namePattern.MatchString(s.Name) {
		p.Add("workspaceName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-._~]{1,255}")
	}
	p.length("workspaceDescription", s.Description, 0, 2048)
	p.oneOf("accountAccessType", s.AccountAccess, accessTypes)
	p.oneOf("permissionType", s.PermissionType, permissionTypes)
	p.each("workspaceDataSources", s.DataSources, sourceTypes)
	p.each("workspaceNotificationDestinations", s.Destinations, []string{"SNS"})
	if s.RoleARN != "" && (len(s.RoleARN) > 2048 || !rolePattern.MatchString(s.RoleARN)) {
		p.Add("workspaceRoleArn", "Member must be the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME")
	}
	if s.IPType != "" {
		p.oneOf("ipAddressType", s.IPType, ipTypes)
	}
	p.length("organizationRoleName", s.UnitsRole, 0, 2048)
	p.length("stackSetName", s.StackSet, 0, 2048)
	p.checkNetwork(s)
}

func (p *problems) checkNetwork(s *Settings) {
	if v := s.VPC; v != nil {
		p.count("vpcConfiguration.securityGroupIds", v.SecurityGroups, 1, 5)
		p.count("vpcConfiguration.subnetIds", v.Subnets, 2, 6)
	}
	if n := s.Network; n != nil {
		p.count("networkAccessControl.prefixListIds", n.PrefixLists, 0, 5)
		p.count("networkAccessControl.vpceIds", n.Endpoints, 0, 5)
	}
}

func (p *problems) count(name string, values []string, low, high int) {
	if len(values) < low || len(values) > high {
		p.Add(name, "Member must have between %d and %d items", low, high)
	}
	for _, v := range values {
		p.length(name, v, 1, 255)
	}
}

func (r *Room) checkCreate(in *CreateInput) error {
	var p problems
	p.checkSettings(&in.Settings)
	p.checkProviders(in.Providers)
	p.CheckTags(in.Tags)
	if in.Configuration != nil {
		p.checkConfiguration(*in.Configuration)
	}
	if in.Version != nil && !slices.Contains(versions, *in.Version) {
		p.Add("grafanaVersion", "Member must be one of [%s]", strings.Join(versions, ", "))
	}
	if in.KMSKey != nil {
		p.Add("kmsKeyId", "Customer managed keys are not served. Leave kmsKeyId out, and encrypt the disk that Hearth writes to")
	}
	p.CheckToken(in.Token)
	slices.Sort(in.Providers)
	in.Providers = slices.Compact(in.Providers)
	return p.Err()
}
