package dashboard

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// plainSealer seals nothing; what it gives back it was given.
type plainSealer struct{}

func (plainSealer) Seal(plain []byte, about string) []byte {
	return []byte(about + "\x00" + string(plain))
}

func (plainSealer) Open(box []byte, about string) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(box), about+"\x00")
	if !ok {
		return nil, fmt.Errorf("sealed for another place than %s", about)
	}
	return []byte(plain), nil
}

// A ledgerOf remembers events.
type ledgerOf struct{ events []hearth.Event }

func (l *ledgerOf) Record(e hearth.Event) { l.events = append(l.events, e) }

// A shelf is a Grafana workspace and a folder of provisioning files for it.
type shelf struct {
	*Room
	t      *testing.T
	dir    string
	id     hearth.GrafanaID
	events *ledgerOf
}

func openShelf(t *testing.T) *shelf {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "x.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &shelf{t: t, dir: t.TempDir(), events: &ledgerOf{}}
	s.Room = New(Options{Store: db, Sealer: plainSealer{}, ExternalURL: "http://hearth", Recorder: s.events, Files: s.dir,
		Env: func(name string) (string, bool) { return "from-" + name, name == "SECRET" || name == "LEVEL" }})
	w, err := s.Ensure(t.Context(), hearth.Caller{Account: "000000000000", Region: "us-east-1"}, "g")
	if err != nil {
		t.Fatal(err)
	}
	s.id = w.ID
	if err := s.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	at := time.Now().Add(time.Duration(len(s.events.events)) * time.Second) // a file system's clock may be coarse
	_ = os.Chtimes(path, at, at.Add(time.Duration(time.Now().UnixNano()%1e9)))
}

// look lets the files count, and returns what was found wrong anew.
func (s *shelf) look() (told []string) {
	s.t.Helper()
	before := len(s.events.events)
	if err := s.files.look(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for _, e := range s.events.events[before:] {
		told = append(told, e.Summary)
	}
	return told
}

// boards lists the dashboards: FOLDER/TITLE vVERSION.
func (s *shelf) boards() string {
	s.t.Helper()
	var out []string
	err := s.opts.Store.View(s.t.Context(), func(tx store.Tx) error {
		list, err := all[dash](tx, dashboardBucket, key(s.id))
		for _, d := range list {
			where := ""
			if d.Folder != "" {
				f, err := folderIn(tx, s.id, d.Folder)
				if err != nil {
					return err
				}
				where = f.Title
			}
			out = append(out, fmt.Sprintf("%s/%s v%d kept=%v", where, d.Title, d.Version, d.kept()))
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (s *shelf) want(got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s\nwant %s", got, want)
	}
}

const providers = `apiVersion: 1
providers:
  - {name: ops, folder: Ops, folderUid: ops, options: {path: ops}}
  - {name: free, allowUiUpdates: true, disableDeletion: true, updateIntervalSeconds: 3, options: {path: free, foldersFromFilesStructure: true}}
`

// Dashboards follow their files: made, changed, renamed, deleted; and what is wrong
// changes nothing and is told once.
func TestProvisionedDashboards(t *testing.T) {
	s := openShelf(t)
	s.write("dashboards/a.yaml", providers)
	s.write("ops/cpu.json", `{"uid":"cpu","id":77,"title":"CPU"}`)
	s.write("free/team/x.json", `{"title":"X"}`)
	s.write("free/y.json", `{"uid":"y","title":"Y"}`)
	if told := s.look(); len(told) > 0 {
		t.Fatal(told)
	}
	first := "/Y v1 kept=false, Ops/CPU v1 kept=true, team/X v1 kept=false"
	s.want(s.boards(), first)
	s.look()
	s.want(s.boards(), first) // nothing anew

	s.write("ops/cpu.json", `{"uid":"cpu","title":"CPU 2"}`)
	s.write("ops/bad.json", `{"title":`)
	s.write("ops/twin.json", `{"uid":"y","title":"Twin"}`)
	told := strings.Join(s.look(), "\n")
	for _, part := range []string{"bad.json: bad request data", "twin.json: has the uid y, as ", "y.json: has the uid y"} {
		if !strings.Contains(told, part) {
			t.Errorf("%q is not told: %s", part, told)
		}
	}
	if again := s.look(); len(again) > 0 {
		t.Errorf("told again: %v", again)
	}
	s.want(s.boards(), "/Y v1 kept=false, Ops/CPU 2 v2 kept=true, team/X v1 kept=false")

	// A file of providers that cannot be read takes nothing away.
	s.write("dashboards/a.yaml", strings.Replace(providers, "disableDeletion", "disableDeletions", 1))
	if told := strings.Join(s.look(), "\n"); !strings.Contains(told, "disableDeletions not found") {
		t.Errorf("told %q", told)
	}
	_ = os.RemoveAll(filepath.Join(s.dir, "ops", "twin.json"))
	_ = os.RemoveAll(filepath.Join(s.dir, "ops", "bad.json"))
	s.want(s.boards(), "/Y v1 kept=false, Ops/CPU 2 v2 kept=true, team/X v1 kept=false")
	s.write("dashboards/a.yaml", providers)

	// Renamed, it is the same dashboard; gone, it goes, unless the provider lets it be.
	_ = os.Rename(filepath.Join(s.dir, "ops/cpu.json"), filepath.Join(s.dir, "ops/cpus.json"))
	_ = os.Remove(filepath.Join(s.dir, "free/y.json"))
	s.look()
	s.want(s.boards(), "/Y v1 kept=false, Ops/CPU 2 v3 kept=true, team/X v1 kept=false")
	_ = os.Remove(filepath.Join(s.dir, "ops/cpus.json"))
	s.look()
	s.want(s.boards(), "/Y v1 kept=false, team/X v1 kept=false")

	// A folder that is not there any more is a fault, and takes nothing away.
	s.write("ops/cpu.json", `{"uid":"cpu","title":"CPU"}`)
	s.look()
	_ = os.Rename(filepath.Join(s.dir, "ops"), filepath.Join(s.dir, "away"))
	s.look()
	s.want(s.boards(), "/Y v1 kept=false, Ops/CPU v1 kept=true, team/X v1 kept=false")
	_ = os.RemoveAll(s.dir)
	s.look()
	s.want(s.boards(), "/Y v1 kept=false, Ops/CPU v1 kept=true, team/X v1 kept=false")
	s.opts.Files = ""
	s.look()
	s.want(s.boards(), "/Y v1 kept=false, Ops/CPU v1 kept=false, team/X v1 kept=false")
}

// What files keep is not changed by hand, unless the provider allows it; a change by
// hand stays until the file changes.
func TestProvisionedIsNotChangedByHand(t *testing.T) {
	s := openShelf(t)
	s.write("dashboards/a.yaml", providers)
	s.write("ops/cpu.json", `{"uid":"cpu","title":"CPU"}`)
	s.write("free/y.json", `{"uid":"y","title":"Y"}`)
	s.look()
	w, err := s.Lookup(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	c := asFiles(w)
	saved := func(uid, title string) error {
		return s.opts.Store.Update(context.Background(), func(tx store.Tx) error {
			_, err := s.saveDashboard(tx, c, save{JSON: []byte(`{"uid":"` + uid + `","title":"` + title + `"}`), Overwrite: true})
			return err
		})
	}
	if err := saved("cpu", "Mine"); err == nil || !strings.Contains(err.Error(), "Cannot save provisioned dashboard") {
		t.Errorf("%v", err)
	}
	if err := saved("y", "Mine"); err != nil {
		t.Error(err)
	}
	s.look()
	s.want(s.boards(), "/Mine v2 kept=false, Ops/CPU v1 kept=true")
	s.write("free/y.json", `{"uid":"y","title":"Y 3"}`)
	s.look()
	s.want(s.boards(), "/Y 3 v3 kept=false, Ops/CPU v1 kept=true")
}

const sourceFileText = `apiVersion: 1
prune: true
datasources:
  - name: prom
    uid: p
    type: prometheus
    url: http://prom.example
    isDefault: true
    basicAuth: true
    basicAuthUser: $LEVEL
    jsonData: {httpMethod: POST, note: "a$$b"}
    secureJsonData: {basicAuthPassword: "$__env{SECRET}", other: "$__file{FILE}"}
`

// Data sources follow their files, with secrets from the environment and from files.
func TestProvisionedSources(t *testing.T) {
	s := openShelf(t)
	s.write("secret.txt", "hush\n")
	text := strings.Replace(sourceFileText, "FILE", filepath.Join(s.dir, "secret.txt"), 1)
	s.write("datasources/a.yaml", text)
	if told := s.look(); len(told) > 0 {
		t.Fatal(told)
	}
	get := func() *source {
		t.Helper()
		var out *source
		err := s.opts.Store.View(t.Context(), func(tx store.Tx) (err error) {
			list, err := sourcesIn(tx, s.id)
			if len(list) > 0 {
				out = list[0]
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	p := get()
	if p == nil || p.BasicAuthUser != "from-LEVEL" || p.text("note") != "a$b" || !p.ReadOnly || p.Version != 1 {
		t.Fatalf("%+v", p)
	}
	for name, want := range map[string]string{"basicAuthPassword": "from-SECRET", "other": "hush"} {
		if got, err := s.secret(s.id, p, name); err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	s.look()
	if again := get(); again.Version != 1 {
		t.Errorf("changed without need: version %d", again.Version)
	}
	for wrong, part := range map[string]string{
		strings.Replace(text, "$LEVEL", "$NOBODY", 1):                   "NOBODY is not set",
		strings.Replace(text, "$LEVEL", "$HEARTH_ROOT", 1):              "is Hearth's own",
		strings.Replace(text, "apiVersion: 1", "apiVersion: 2", 1):      "apiVersion must be 1",
		strings.Replace(text, "type: prometheus", "typ: prometheus", 1): "typ not found",
		strings.Replace(text, "http://prom", "ftp://prom", 1):           "must be an http or https URL",
		text + "  - {name: prom, type: prometheus}\n":                   "is in datasources/a.yaml already",
		text + "  - {name: q, type: prometheus, isDefault: true}\n":     "both marked as default",
		strings.Replace(text, "secret.txt", "none.txt", 1):              "no such file",
		strings.Replace(text, "datasources:", "datasources: [", 1):      "yaml",
	} {
		s.write("datasources/a.yaml", wrong)
		if told := strings.Join(s.look(), "\n"); !strings.Contains(told, part) {
			t.Errorf("told %q, want %q", told, part)
		}
		if got := get(); got == nil || got.Version != 1 {
			t.Errorf("a wrong file changed the data source: %+v", got)
		}
	}
	s.write("datasources/a.yaml", strings.Replace(text, "POST", "GET", 1))
	s.look()
	if got := get(); got.Version != 2 || got.settings().Method != "GET" {
		t.Errorf("%+v", got)
	}
	_ = os.Remove(filepath.Join(s.dir, "datasources/a.yaml"))
	s.look()
	if got := get(); got != nil {
		t.Errorf("the file is gone and its data source is not: %+v", got)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("a$$b ${SECRET} $__env{X} $__file{/dev/null} $")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "$__file") {
			return
		}
		out, err := expand(text, func(string) (string, bool) { return "", true })
		if err == nil && !strings.Contains(text, "$") && out != text {
			t.Errorf("%q became %q", text, out)
		}
	})
}
