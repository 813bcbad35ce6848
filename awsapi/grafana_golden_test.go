package awsapi

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// What differs from run to run in answers about Grafana workspaces.
var (
	grafanaSecret = regexp.MustCompile(`glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}`)
	grafanaKey    = regexp.MustCompile(`"key":"ey[A-Za-z0-9+/=]+"`)
	grafanaAny    = regexp.MustCompile(`g-[0-9a-f]{10}`)
)

// A play writes what is asked of Amazon Managed Grafana's operations, and the whole
// answers, into a golden file.
type play struct {
	*door
	b strings.Builder
}

func openPlay(t *testing.T, change func(*Options)) *play {
	return &play{door: openDoor(t, change)}
}

func (p *play) step(what string, a ask) {
	p.t.Helper()
	if a.by == nil {
		a.by = &alice
	}
	a.service = "grafana"
	text := p.transcript(a)
	text = grafanaSecret.ReplaceAllString(text, "glsa_SECRET")
	text = grafanaKey.ReplaceAllString(text, `"key":"API-KEY"`)
	text = strings.ReplaceAll(text, "g-0123456789", "g-of-nobody")
	text = grafanaAny.ReplaceAllString(text, "g-1")
	p.b.WriteString("# " + what + "\n" + text)
}

// settled waits until the Grafana workspace has nothing under way, so that the
// next answer is the same in every run.
func (p *play) settled(name string) hearth.GrafanaWorkspace {
	return p.grafanaOf(alice, "us-west-2", name)
}

const goldenCreate = `{"workspaceName":"kitchen","workspaceDescription":"what is cooking","accountAccessType":"CURRENT_ACCOUNT",` +
	`"permissionType":"SERVICE_MANAGED","authenticationProviders":["SAML","AWS_SSO"],"workspaceDataSources":["PROMETHEUS","CLOUDWATCH"],` +
	`"workspaceNotificationDestinations":["SNS"],"clientToken":"t-1","tags":{"team":"a"},"grafanaVersion":"9.4","newer":{"than":"us"}}`

// The life of a Grafana workspace: all 25 operations, request by request.
func TestGoldenGrafanaLife(t *testing.T) {
	p := openPlay(t, nil)
	p.step("create", ask{method: "POST", url: "/workspaces", body: goldenCreate})
	at := "/workspaces/" + string(p.settled("kitchen").ID)
	p.step("the same again is the same workspace", ask{method: "POST", url: "/workspaces", body: goldenCreate})
	p.step("describe", ask{method: "GET", url: at})
	p.step("list", ask{method: "GET", url: "/workspaces"})
	p.step("list in another region", ask{method: "GET", url: "/workspaces", region: "eu-west-1"})
	p.step("list as another account", ask{by: &bob, method: "GET", url: "/workspaces"})
	p.step("update", ask{method: "PUT", url: at, body: `{"workspaceDescription":"what was cooked","vpcConfiguration":{"securityGroupIds":["sg-0a"],"subnetIds":["subnet-0a","subnet-0b"]}}`})
	p.settled("kitchen")

	p.step("how people sign in", ask{method: "GET", url: at + "/authentication"})
	p.step("by SAML", ask{method: "POST", url: at + "/authentication", body: `{"authenticationProviders":["SAML","AWS_SSO"],"samlConfiguration":{"idpMetadata":{"url":"https://idp.example.org/metadata"},` +
		`"assertionAttributes":{"name":"displayName","login":"login","email":"mail","groups":"groups","role":"role","org":"org"},"roleValues":{"admin":["admin"],"editor":["editor"]},"allowedOrganizations":["home"],"loginValidityDuration":120}}`})
	p.step("how they sign in then", ask{method: "GET", url: at + "/authentication"})

	p.step("configuration", ask{method: "GET", url: at + "/configuration"})
	p.step("versions", ask{method: "GET", url: "/versions?maxResults=2"})
	p.step("versions to which the workspace can be upgraded", ask{method: "GET", url: "/versions?workspace-id=" + strings.TrimPrefix(at, "/workspaces/")})
	p.step("configure and upgrade", ask{method: "PUT", url: at + "/configuration", body: `{"configuration":"{\"plugins\": {\"pluginAdminEnabled\": true}}","grafanaVersion":"10.4"}`})
	p.settled("kitchen")
	p.step("configured", ask{method: "GET", url: at + "/configuration"})

	p.step("permissions, one of which cannot be taken", ask{method: "PATCH", url: at + "/permissions", body: `{"updateInstructionBatch":[` +
		`{"action":"ADD","role":"ADMIN","users":[{"id":"cooks","type":"SSO_GROUP"},{"id":"anna","type":"SSO_USER"}]},{"action":"REVOKE","role":"EDITOR","users":[{"id":"bert","type":"SSO_USER"}]}]}`})
	p.step("list permissions", ask{method: "GET", url: at + "/permissions"})
	p.step("of users", ask{method: "GET", url: at + "/permissions?userType=SSO_USER&maxResults=1"})

	p.step("make an API key", ask{method: "POST", url: at + "/apikeys", body: `{"keyName":"k","keyRole":"EDITOR","secondsToLive":60}`})
	p.step("delete it", ask{method: "DELETE", url: at + "/apikeys/k"})
	p.step("make a service account", ask{method: "POST", url: at + "/serviceaccounts", body: `{"name":"terraform","grafanaRole":"ADMIN"}`})
	p.step("list service accounts", ask{method: "GET", url: at + "/serviceaccounts"})
	p.step("make a token", ask{method: "POST", url: at + "/serviceaccounts/1/tokens", body: `{"name":"t","secondsToLive":3600}`})
	p.step("list tokens", ask{method: "GET", url: at + "/serviceaccounts/1/tokens"})
	p.step("delete the token", ask{method: "DELETE", url: at + "/serviceaccounts/1/tokens/2"})
	p.step("delete the service account", ask{method: "DELETE", url: at + "/serviceaccounts/1"})

	p.step("associate a license", ask{method: "POST", url: at + "/licenses/ENTERPRISE", header: map[string]string{"Grafana-Token": "0123"}})
	p.settled("kitchen")
	p.step("disassociate it", ask{method: "DELETE", url: at + "/licenses/ENTERPRISE"})
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace(p.settled("kitchen").ARN().String())
	p.step("tag", ask{method: "POST", url: "/tags/" + arn, body: `{"tags":{"a":"1"}}`})
	p.step("untag", ask{method: "DELETE", url: "/tags/" + arn + "?tagKeys=team&tagKeys=nothing"})
	p.step("tags", ask{method: "GET", url: "/tags/" + arn})
	p.step("delete", ask{method: "DELETE", url: at})
	golden(t, "grafana_life", p.b.String())
}

// What is wrong with a request to Amazon Managed Grafana is said as AWS says it:
// each of the model's errors, by whichever operations have them.
func TestGoldenGrafanaRefusals(t *testing.T) {
	p := openPlay(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	w := p.settled("kitchen")
	at := "/workspaces/" + string(w.ID)
	nobodysARN := "arn%3Aaws%3Agrafana%3Aus-west-2%3A111111111111%3A%2Fworkspaces%2Fg-0123456789"
	for _, c := range []struct {
		name string
		ask  ask
	}{
		{"create: not JSON", ask{method: "POST", url: "/workspaces", body: `{`}},
		{"create: nothing given", ask{method: "POST", url: "/workspaces", body: `{}`}},
		{"create: nothing right", ask{method: "POST", url: "/workspaces", body: `{"workspaceName":"a b","accountAccessType":"MINE","permissionType":"NONE","authenticationProviders":["OIDC"],` +
			`"workspaceDataSources":["LOKI"],"workspaceNotificationDestinations":["MAIL"],"workspaceRoleArn":"root","configuration":"[]","grafanaVersion":"7.0","tags":{"aws:x":""},"clientToken":"","ipAddressType":"v6"}`}},
		{"create: a customer's key", ask{method: "POST", url: "/workspaces", body: strings.Replace(goldenCreate, `"newer"`, `"kmsKeyId":"k","newer"`, 1)}},
		{"list: a page token of elsewhere", ask{method: "GET", url: "/workspaces?nextToken=x"}},
		{"list: a page of none", ask{method: "GET", url: "/workspaces?maxResults=0"}},
		{"describe: nobody's", ask{method: "GET", url: "/workspaces/g-0123456789"}},
		{"describe: not an id", ask{method: "GET", url: "/workspaces/None"}},
		{"describe: of another account", ask{by: &bob, method: "GET", url: at}},
		{"describe: of another region", ask{method: "GET", url: at, region: "eu-west-1"}},
		{"update: nobody's", ask{method: "PUT", url: "/workspaces/g-0123456789", body: `{}`}},
		{"update: both ways", ask{method: "PUT", url: at, body: `{"vpcConfiguration":{"securityGroupIds":["sg-1"],"subnetIds":["subnet-1"]},"removeVpcConfiguration":true}`}},
		{"authentication: no metadata", ask{method: "POST", url: at + "/authentication", body: `{"authenticationProviders":["SAML"],"samlConfiguration":{"idpMetadata":{}}}`}},
		{"authentication: not SAML's", ask{method: "POST", url: at + "/authentication", body: `{"authenticationProviders":["AWS_SSO"],"samlConfiguration":{"idpMetadata":{"url":"https://a.example.org"}}}`}},
		{"authentication: nobody's", ask{method: "GET", url: "/workspaces/g-0123456789/authentication"}},
		{"configuration: not JSON", ask{method: "PUT", url: at + "/configuration", body: `{"configuration":"{"}`}},
		{"configuration: backwards", ask{method: "PUT", url: at + "/configuration", body: `{"configuration":"{}","grafanaVersion":"8.4"}`}},
		{"configuration: none given", ask{method: "PUT", url: at + "/configuration", body: `{}`}},
		{"configuration: nobody's", ask{method: "GET", url: "/workspaces/g-0123456789/configuration"}},
		{"permissions: wrong", ask{method: "PATCH", url: at + "/permissions", body: `{"updateInstructionBatch":[{"action":"GIVE","role":"ROOT","users":[]}]}`}},
		{"permissions: none given", ask{method: "PATCH", url: at + "/permissions", body: `{}`}},
		{"permissions: nobody's", ask{method: "GET", url: "/workspaces/g-0123456789/permissions?userType=ROBOT"}},
		{"API key: for ever", ask{method: "POST", url: at + "/apikeys", body: `{"keyName":"k","keyRole":"EDITOR","secondsToLive":2592001}`}},
		{"API key: no such", ask{method: "DELETE", url: at + "/apikeys/k"}},
		{"service account: no such role", ask{method: "POST", url: at + "/serviceaccounts", body: `{"name":"n","grafanaRole":"OWNER"}`}},
		{"service account: one", ask{method: "POST", url: at + "/serviceaccounts", body: `{"name":"n","grafanaRole":"VIEWER"}`}},
		{"service account: another of that name", ask{method: "POST", url: at + "/serviceaccounts", body: `{"name":"N","grafanaRole":"VIEWER"}`}},
		{"service account: no such", ask{method: "DELETE", url: at + "/serviceaccounts/99"}},
		{"token: of no such service account", ask{method: "POST", url: at + "/serviceaccounts/99/tokens", body: `{"name":"t","secondsToLive":1}`}},
		{"token: no such", ask{method: "DELETE", url: at + "/serviceaccounts/1/tokens/99"}},
		{"tokens: not a number", ask{method: "GET", url: at + "/serviceaccounts/x/tokens"}},
		{"license: no such kind", ask{method: "POST", url: at + "/licenses/OSS"}},
		{"license: not there", ask{method: "DELETE", url: at + "/licenses/ENTERPRISE"}},
		{"versions: nobody's", ask{method: "GET", url: "/versions?workspace-id=g-0123456789"}},
		{"tags: nobody's", ask{method: "GET", url: "/tags/" + nobodysARN}},
		{"tags: not an ARN", ask{method: "GET", url: "/tags/kitchen"}},
		{"tag: a key of AWS", ask{method: "POST", url: "/tags/" + nobodysARN, body: `{"tags":{"aws:a":"b"}}`}},
		{"untag: no keys", ask{method: "DELETE", url: "/tags/" + nobodysARN}},
		{"no such path", ask{method: "GET", url: "/cupboards"}},
	} {
		p.step(c.name, c.ask)
	}
	for _, name := range []string{"b", "c", "d", "e"} {
		p.settled(name)
	}
	p.step("create: one too many", ask{method: "POST", url: "/workspaces", body: goldenCreate})
	p.step("create: somebody else's token", ask{by: &bob, method: "POST", url: "/workspaces", body: goldenCreate})
	p.step("create: the token for something else", ask{by: &bob, method: "POST", url: "/workspaces", body: strings.Replace(goldenCreate, "kitchen", "cellar", 1)})
	golden(t, "grafana_refusals", p.b.String())
}
