package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
