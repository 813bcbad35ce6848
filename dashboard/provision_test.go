package dashboard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// Import by id finds a file by the number at the end of its name, with its bytes.
func TestGnetFolder(t *testing.T) {
	dir := t.TempDir()
	const text = "{\"title\" : \"Kubernetes\",\n \"gnetId\": 3119, \"n\": 1e3}"
	for name, body := range map[string]string{"kubernetes-3119.json": text, "11022.json": `{"title":"Envoy"}`, "3119.json.bak": `{}`, "7.json": `{`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := New(Options{GnetPath: dir})
	ask := func(n string) (map[string]any, error) {
		out, err := r.Gnet(t.Context(), &Call{Param: func(string) string { return n }})
		m, _ := out.(map[string]any)
		return m, err
	}
	got, err := ask("3119")
	if raw, _ := got["json"].(json.RawMessage); err != nil || string(raw) != text || got["name"] != "Kubernetes" {
		t.Errorf("3119 is %v, %v; want the file", got, err)
	}
	if got, err := ask("11022"); err != nil || got["name"] != "Envoy" {
		t.Errorf("11022 is %v, %v", got, err)
	}
	for n, want := range map[string]hearth.Kind{"119": hearth.NotFound, "9": hearth.NotFound, "7": hearth.Invalid, "../7": hearth.Invalid, "-7": hearth.Invalid} {
		if got, err := ask(n); err == nil || hearth.KindOf(err) != want {
			t.Errorf("%s is %v, %v; want an error of kind %v", n, got, err, want)
		}
	}
}
