package awsapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/scraper"
)

const oneJob = "scrape_configs:\n- job_name: tea\n  static_configs: [{targets: [192.0.2.1:9100]}]\n"

// suffix is what a service-linked role's name ends in.
var suffix = regexp.MustCompile(`(AmazonPrometheusScraper_)[-0-9a-f]{15}`)

// The whole life of a scraper, request by request.
func TestGoldenScrapers(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	data := base64.StdEncoding.EncodeToString([]byte(oneJob))
	twice := base64.StdEncoding.EncodeToString([]byte(data + "\n"))
	to := map[string]any{"ampConfiguration": map[string]any{"workspaceArn": w.ARN().String()}}
	vpc := map[string]any{"vpcConfiguration": map[string]any{"securityGroupIds": []string{"sg-1"}, "subnetIds": []string{"subnet-1"}}}
	create := func(change map[string]any) string {
		in := map[string]any{"destination": to, "source": vpc, "scrapeConfiguration": map[string]any{"configurationBlob": data}}
		for k, v := range change {
			in[k] = v
		}
		return namespaceJSON(t, in)
	}
	var b strings.Builder
	step := func(what string, a ask) {
		if a.by == nil {
			a.by = &alice
		}
		b.WriteString("# " + what + "\n" + suffix.ReplaceAllString(d.transcript(a), "${1}SUFFIX"))
	}
	step("default configuration", ask{method: "GET", url: "/scraperconfiguration"})
	made := map[string]any{"alias": "tea", "clientToken": "t-1", "tags": map[string]string{"team": "a"}}
	step("create", ask{method: "POST", url: "/scrapers", body: create(made)})
	var out struct{ Scrapers []struct{ ScraperID string } }
	d.json(ask{by: &alice, method: "GET", url: "/scrapers"}, &out)
	id := out.Scrapers[0].ScraperID
	step("the same again", ask{method: "POST", url: "/scrapers", body: create(made)})
	made["alias"] = "coffee"
	step("the same token, another request", ask{method: "POST", url: "/scrapers", body: create(made)})
	step("describe", ask{method: "GET", url: "/scrapers/" + id})
	step("update, twice encoded", ask{method: "PUT", url: "/scrapers/" + id, body: namespaceJSON(t, map[string]any{"alias": "tea-2", "scrapeConfiguration": map[string]any{"configurationBlob": twice}})})
	step("describe", ask{method: "GET", url: "/scrapers/" + id})
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace("arn:aws:aps:us-west-2:111111111111:scraper/" + id)
	step("tag", ask{method: "POST", url: "/tags/" + arn, body: `{"tags":{"b":"2"}}`})
	step("untag", ask{method: "DELETE", url: "/tags/" + arn + "?tagKeys=team"})
	step("tags", ask{method: "GET", url: "/tags/" + arn})
	step("list", ask{method: "GET", url: "/scrapers?alias=tea-2&alias=x&status=CREATING&maxResults=1"})
	step("list what fits nothing", ask{method: "GET", url: "/scrapers?alias=tea"})
	step("a filter nobody knows", ask{method: "GET", url: "/scrapers?colour=red"})
	group := "arn:aws:logs:us-west-2:111111111111:log-group:/aws/prometheus/x:*"
	step("no logging yet", ask{method: "GET", url: "/scrapers/" + id + "/logging-configuration"})
	step("logging", ask{method: "PUT", url: "/scrapers/" + id + "/logging-configuration", body: namespaceJSON(t, map[string]any{
		"loggingDestination": map[string]any{"cloudWatchLogs": map[string]any{"logGroupArn": group}},
		"scraperComponents":  []any{map[string]any{"type": "COLLECTOR", "config": map[string]any{"options": map[string]string{"a": "b"}}}}})})
	step("logging described", ask{method: "GET", url: "/scrapers/" + id + "/logging-configuration"})
	step("no such component", ask{method: "PUT", url: "/scrapers/" + id + "/logging-configuration", body: namespaceJSON(t, map[string]any{
		"loggingDestination": map[string]any{"cloudWatchLogs": map[string]any{"logGroupArn": "x"}}, "scraperComponents": []any{map[string]any{"type": "KETTLE"}}})})
	step("logging ended", ask{method: "DELETE", url: "/scrapers/" + id + "/logging-configuration?clientToken=l-1"})
	step("doctor", ask{method: "GET", url: "/hearth/v1/scrapers/" + id + "/doctor", service: "hearth"})
	step("of another account", ask{by: &bob, method: "GET", url: "/scrapers/" + id})
	step("a cluster nobody registered", ask{method: "POST", url: "/scrapers", body: create(map[string]any{"source": map[string]any{"eksConfiguration": map[string]any{"clusterArn": "arn:aws:eks:us-west-2:111111111111:cluster/c", "subnetIds": []string{"subnet-1"}}}})})
	step("a workspace that is not there", ask{method: "POST", url: "/scrapers", body: create(map[string]any{"destination": map[string]any{"ampConfiguration": map[string]any{"workspaceArn": "arn:aws:aps:us-west-2:111111111111:workspace/ws-none"}}})})
	step("another destination", ask{method: "POST", url: "/scrapers", body: create(map[string]any{"destination": map[string]any{"cloudWatchConfiguration": map[string]any{"datasetArn": "x"}}})})
	step("an exporter", ask{method: "POST", url: "/scrapers", body: create(map[string]any{"exporters": []any{map[string]any{"kafkaConfiguration": map[string]any{}}}})})
	step("faults", ask{method: "POST", url: "/scrapers", body: create(map[string]any{"scrapeConfiguration": map[string]any{"configurationBlob": base64.StdEncoding.EncodeToString([]byte("rule_files: [x]\nscrape_configs:\n- job_name: a\n  file_sd_configs: [{files: [/etc/passwd]}]\n"))}})})
	step("delete", ask{method: "DELETE", url: "/scrapers/" + id + "?clientToken=t-9"})
	step("describe what is gone", ask{method: "GET", url: "/scrapers/" + id})
	golden(t, "scrapers", b.String())
}

// The default configuration is that of AWS in December 2023, byte for byte, as the
// first accounts of it print it.
func TestDefaultConfiguration(t *testing.T) {
	d := openDoor(t, nil)
	var out struct{ Configuration []byte }
	d.json(ask{by: &alice, method: "GET", url: "/scraperconfiguration"}, &out)
	want, err := os.ReadFile("../scraper/default.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Configuration, want) || !bytes.Contains(want, []byte(`      regex: (.+?)(\\:\\d+)?`+"\n")) {
		t.Errorf("configuration %q", out.Configuration)
	}
}

// A body that names a scraper's parts in every wrong way is answered, and never
// panics.
func FuzzScraperInput(f *testing.F) {
	f.Add([]byte(`{"source":{"eksConfiguration":{"clusterArn":"c"}},"destination":{"ampConfiguration":{}},"exporters":[{}]}`))
	f.Add([]byte(`{"scrapeConfiguration":{"configurationBlob":null},"roleConfiguration":null}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var in scraperInput
		if json.Unmarshal(data, &in) != nil {
			return
		}
		_ = in.checkServed()
		_, _ = in.destination()
		_, _ = in.configuration()
		if s := in.source(); s != nil {
			s.Cluster()
		}
	})
}

var _ tagKeeper = (*scraper.Room)(nil)
