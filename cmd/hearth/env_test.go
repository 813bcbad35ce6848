package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/cloudwatch"
)

// Keys of a profile that Hearth did not write may be real ones, and are kept
// nowhere else.
func TestWriteProfileKeepsOthersKeys(t *testing.T) {
	const real = "aws_access_key_id = AKIAREAL\naws_secret_access_key = REAL\n"
	ours := target{URL: "http://127.0.0.1:4750", Region: "us-east-1", Keys: keyPair{"new", "keys"}}
	for _, c := range []struct {
		name, profile, config, credentials string
		ok                                 bool
	}{
		{"nothing yet", "hearth", "", "", true},
		{"Hearth's", "hearth", "[profile hearth]\nendpoint_url = http://x\n", "[hearth]\n" + real, true},
		{"keys alone", "prod", "", "[prod]\n" + real, false},
		{"default keys alone", "default", "", "[default]\n" + real, false},
		{"keys and a region", "prod", "[profile prod]\nregion = us-east-1\n", "[prod]\n" + real, false},
		{"a comment behind the name", "prod", "", "[prod] # theirs\n" + real, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			config, credentials := filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
			t.Setenv("AWS_CONFIG_FILE", config)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", credentials)
			for path, text := range map[string]string{config: c.config, credentials: c.credentials} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := writeProfile(&bytes.Buffer{}, c.profile, ours)
			keys, readErr := os.ReadFile(credentials)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if c.ok && (err != nil || !strings.Contains(string(keys), "aws_access_key_id = new\n")) {
				t.Errorf("%v, and the keys are\n%s", err, keys)
			}
			if !c.ok && (err == nil || string(keys) != c.credentials) {
				t.Errorf("%v, and the keys are\n%s", err, keys)
			}
		})
	}
}

// A profile that hearth env made says where Hearth is; one of AWS's does not.
func TestTargetOfProfile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"config":      "[profile hearth]\nregion = eu-west-1\nendpoint_url = http://hearth:4750/\n[profile prod]\nregion = us-east-1\n[default]\nendpoint_url = http://here\nregion = us-east-1\n",
		"credentials": "[hearth]\naws_access_key_id = AKIA\naws_secret_access_key = s\n[prod]\naws_access_key_id = AKIAREAL\naws_secret_access_key = r\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"), "HEARTH_ROOT_ACCESS_KEY_ID": "root", "HEARTH_ROOT_SECRET_ACCESS_KEY": "root",
		"AWS_ENDPOINT_URL": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "", "AWS_SESSION_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	root := target{URL: "http://127.0.0.1:4750", Region: "us-east-1", Keys: keyPair{"root", "root"}}
	elsewhere := defaultConfig()
	elsewhere.Storage.Path = "/elsewhere"
	plain := defaultConfig()
	for _, c := range []struct {
		profile string
		config  *Config
		want    target
	}{
		{"hearth", &plain, target{URL: "http://hearth:4750", Region: "eu-west-1", Keys: keyPair{"AKIA", "s"}}},
		{"prod", &plain, root},
		{"default", &plain, root}, // without keys
		{"none", &plain, root},
		{"", &plain, root},
		{"hearth", &elsewhere, root}, // a setting says where
	} {
		t.Setenv("AWS_PROFILE", c.profile)
		if got, err := whyTarget(t.Context(), c.config); err != nil || got != c.want {
			t.Errorf("AWS_PROFILE=%s: %+v, %v", c.profile, got, err)
		}
	}
}

// In a shell that hearth env has set up, AWS's metrics would be asked of Hearth.
func TestRefuseItself(t *testing.T) {
	s := httptest.NewServer(newHealth("serve", newRegistry()))
	defer s.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	theirs, ours := &cloudwatch.Config{Jobs: []cloudwatch.Job{{Namespace: "ECS/ContainerInsights"}}}, &cloudwatch.Config{Jobs: []cloudwatch.Job{{Namespace: "AWS/Usage"}}}
	for _, c := range []struct {
		url, ignore string
		config      *cloudwatch.Config
		refused     bool
	}{
		{s.URL, "", theirs, true}, {s.URL, "true", theirs, false}, {s.URL, "", ours, false}, {other.URL, "", theirs, false}, {"", "", theirs, false},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.url)
		t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", c.ignore)
		if err := refuseItself(t.Context(), c.config); (err != nil) != c.refused {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
