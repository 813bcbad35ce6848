package alerting

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/hearth-metrics/hearth"
)

// Definitions and what is wrong with them, profile by profile.
func TestDefinitions(t *testing.T) {
	datadriven.RunTest(t, "testdata/definitions", func(t *testing.T, d *datadriven.TestData) string {
		p := hearth.Local
		if d.HasArg("strict") {
			p = hearth.AWSStrict
		}
		data := []byte(d.Input)
		if d.HasArg("config") { // only alertmanager_config, indented by us
			data = wrap(d.Input)
		}
		def, faults := Parse(data, p)
		if len(faults) == 0 {
			return fmt.Sprintf("fine: %d receivers, %d templates\n", len(def.Config.Receivers), len(def.Templates))
		}
		var b strings.Builder
		for _, f := range faults {
			fmt.Fprintln(&b, f)
		}
		return b.String()
	})
}

func TestUnwrap(t *testing.T) {
	yaml := "alertmanager_config: |\n  route: {receiver: a}\n"
	once := base64.StdEncoding.EncodeToString([]byte(yaml))
	for name, in := range map[string]string{"plain": yaml, "encoded": once, "with line breaks": once[:20] + "\n" + once[20:] + "\n"} {
		if got := string(Unwrap([]byte(in))); got != yaml {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := string(Unwrap([]byte("no base64!"))); got != "no base64!" {
		t.Errorf("got %q", got)
	}
}

// What a definition could do to the machine it runs on, if it were let.
func TestHostileDefinitionsEndSoon(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	minimal := "route: {receiver: a}\nreceivers: [{name: a}]\n"
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%[3]c,*%[3]c,*%[3]c,*%[3]c,*%[3]c,*%[3]c,*%[3]c,*%[3]c]\n", c, c, c-1)
	}
	for name, data := range map[string]string{
		"a megabyte of nothing":  strings.Repeat("#", 1<<20+1),
		"deep nesting":           strings.Repeat("[", 100_000),
		"deep nesting inside":    string(wrap(strings.Repeat("[", 100_000))),
		"aliases":                string(wrap(bomb)),
		"aliases that are taken": string(wrap(minimal + "templates: &t [x]\ntime_intervals: [*t, *t]\n")),
		"many routes":            string(wrap("receivers: [{name: a}]\nroute:\n  receiver: a\n  routes:\n" + strings.Repeat("  - receiver: a\n", 20_000))),
		"a template from a file": string(wrap(minimal + "templates: ['" + secret + "']\n")),
		"a key from a file":      string(wrap("route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url_file: '" + secret + "'}]}]\n")),
		"nulls":                  string(wrap("route: {receiver: a}\nreceivers: [{name: a, opsgenie_configs: [null], slack_configs: [~]}]\n")),
		"slack contradiction":    string(wrap("global: {slack_app_token: x, slack_api_url: 'http://x/'}\n" + minimal)),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, faults := Parse([]byte(data), hearth.Local)
			if len(faults) == 0 {
				t.Error("it was taken")
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %s", took)
			}
			for _, f := range faults {
				if strings.Contains(f.String(), "hunter2") || len(f.String()) > 10_000 {
					t.Errorf("fault %.200q", f)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("alertmanager_config: |\n  route: {receiver: a}\n  receivers: [{name: a}]\n"))
	f.Add(wrap(toHook("http://x")))
	f.Add([]byte("template_files: {a: '{{ define \"x\" }}{{ end }}'}\nalertmanager_config: \"templates: [a]\\nroute: {receiver: a}\\nreceivers: [{name: a, sns_configs: [{topic_arn: 'arn:aws:sns:r:1:t', sigv4: {region: r}}]}]\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []hearth.Profile{hearth.Local, hearth.AWSStrict} {
			d, faults := Parse(Unwrap(data), p)
			if (d == nil) == (len(faults) == 0) {
				t.Fatalf("definition %v with faults %v", d, faults)
			}
			if d != nil {
				d.Ways(map[string]string{"alertname": "x"})
			}
		}
	})
}
