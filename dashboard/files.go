package dashboard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A setup is what a folder of provisioning files asks for, in Grafana's layout:
// dashboards/*.yaml name folders of dashboards, datasources/*.yaml have data
// sources. https://grafana.com/docs/grafana/latest/administration/provisioning/
type setup struct {
	providers []*provider
	whole     bool // whether every file of providers could be read: only then is one that is not there gone
	sources   []*sourceFile
	faults    []Fault
}

// A Fault is what is wrong with a provisioning file.
type Fault struct {
	File string
	Msg  string
}

func (f Fault) String() string { return f.File + ": " + f.Msg }

// A provider is a folder of dashboards.
type provider struct {
	Name     string `yaml:"name"`
	Org      int64  `yaml:"orgId"`
	OrgName  string `yaml:"orgName"`
	Type     string `yaml:"type"`
	Folder   string `yaml:"folder"`
	UID      string `yaml:"folderUid"`
	Editable *bool  `yaml:"editable"`              // of old Grafanas; says nothing
	Stay     bool   `yaml:"disableDeletion"`       // a dashboard outlives its file
	Every    int64  `yaml:"updateIntervalSeconds"` // 10 if it is not given
	UI       bool   `yaml:"allowUiUpdates"`        // people may change dashboards until their files change
	Options  struct {
		Path   string `yaml:"path"`
		Old    string `yaml:"folder"` // its older name
		Mirror bool   `yaml:"foldersFromFilesStructure"`
	} `yaml:"options"`
}

const (
	maxProvisioningFile = 1 << 20 // bytes
	maxConfigFiles      = 200     // of one kind
	defaultEvery        = 10      // seconds
)

// readSetup reads a folder of provisioning files. What is wrong is among the faults,
// and no part of a wrong file counts.
func readSetup(dir string, env func(string) (string, bool)) *setup {
	s := &setup{whole: true}
	for _, name := range s.configFiles(dir, "dashboards") {
		if err := s.readProviders(dir, name, env); err != nil {
			s.fault(name, err)
			s.whole = false
		}
	}
	for _, name := range s.configFiles(dir, "datasources") {
		if err := s.readSources(dir, name, env); err != nil {
			s.fault(name, err)
			s.sources = append(s.sources, &sourceFile{name: name, broken: true})
		}
	}
	s.checkDefaults()
	for _, kind := range []string{"alerting", "plugins", "notifiers", "access-control"} {
		if entries, err := os.ReadDir(filepath.Join(dir, kind)); err == nil && len(entries) > 0 {
			s.fault(kind, errors.New("only dashboards and datasources are provisioned by files: use Grafana's HTTP API or Terraform for the rest"))
		}
	}
	return s
}

func (s *setup) fault(file string, err error) {
	s.faults = append(s.faults, Fault{File: file, Msg: err.Error()})
}

// configFiles lists the YAML files of a kind by name. A folder that is not there has
// none.
func (s *setup) configFiles(dir, kind string) (names []string) {
	entries, err := os.ReadDir(filepath.Join(dir, kind))
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			s.fault(kind, err)
			s.whole = false
		}
		return nil
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, filepath.Join(kind, e.Name()))
		}
	}
	if len(names) > maxConfigFiles {
		s.fault(kind, fmt.Errorf("has more than %d files", maxConfigFiles))
		s.whole, names = false, nil
	}
	return names
}

// readConfig decodes a file strictly: a misspelt key must not count as one that is
// left out.
func readConfig(path string, env func(string) (string, bool), v any) error {
	text, err := readCapped(path, maxProvisioningFile)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	if len(doc.Content) == 0 {
		return errors.New("is empty")
	}
	if err := expandNode(&doc, env, false); err != nil {
		return err
	}
	expanded, err := yaml.Marshal(&doc)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(expanded))
	d.KnownFields(true)
	return d.Decode(v)
}

func readCapped(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plainPathError(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, plainPathError(err)
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("has more than %d bytes", most)
	}
	return text, nil
}

// plainPathError leaves the path out, which the fault names anyway.
func plainPathError(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

func checkVersionAndOrg(version int64, orgs ...int64) error {
	if version != 1 {
		return errors.New("apiVersion must be 1")
	}
	if slices.ContainsFunc(orgs, func(n int64) bool { return n > 1 }) {
		return errors.New("orgId must be 1: a Grafana workspace has one organization")
	}
	return nil
}

// readProviders reads the providers of a file: all or none.
func (s *setup) readProviders(dir, name string, env func(string) (string, bool)) error {
	var in struct {
		Version   int64       `yaml:"apiVersion"`
		Providers []*provider `yaml:"providers"`
	}
	if err := readConfig(filepath.Join(dir, name), env, &in); err != nil {
		return err
	}
	if err := checkVersionAndOrg(in.Version); err != nil {
		return err
	}
	for i, p := range in.Providers {
		if p == nil {
			return fmt.Errorf("provider %d is empty", i+1)
		}
		if err := p.check(dir); err != nil {
			return fmt.Errorf("provider %d: %w", i+1, err)
		}
		if slices.ContainsFunc(append(slices.Clone(s.providers), in.Providers[:i]...), func(o *provider) bool { return o.Name == p.Name }) {
			return fmt.Errorf("provider %d: there is another provider called %q", i+1, p.Name)
		}
	}
	s.providers = append(s.providers, in.Providers...)
	return nil
}

// check completes a provider: its path is relative to the folder of provisioning
// files.
func (p *provider) check(dir string) error {
	p.Options.Path = orElse(p.Options.Path, p.Options.Old)
	switch {
	case p.Name == "":
		return errors.New("name is missing")
	case p.Type != "" && p.Type != "file":
		return fmt.Errorf("type %q is not served: only file is", p.Type)
	case p.Options.Path == "":
		return errors.New("options.path is missing")
	case p.Options.Mirror && p.Folder+p.UID != "":
		return errors.New("folder and folderUid must be left out with foldersFromFilesStructure")
	case p.UID != "" && p.Folder == "":
		return errors.New("folderUid needs folder, which is its title")
	case p.Every < 0:
		return errors.New("updateIntervalSeconds must not be negative")
	}
	if p.Every == 0 {
		p.Every = defaultEvery
	}
	if !filepath.IsAbs(p.Options.Path) {
		p.Options.Path = filepath.Join(dir, p.Options.Path)
	}
	if err := checkUID(p.UID); err != nil {
		return fmt.Errorf("folderUid: %w", err)
	}
	return checkVersionAndOrg(1, p.Org)
}

// A sourceFile is a file of data sources.
type sourceFile struct {
	name    string
	broken  bool // what it kept stays
	sources []*fileSource
	remove  []string // names
	prune   bool     // a data source does not outlive its place in the file
}

// A fileSource is a data source of a file.
type fileSource struct {
	sourceInput
	editable bool
}

type sourceYAML struct {
	Name            string            `yaml:"name"`
	Type            string            `yaml:"type"`
	Access          string            `yaml:"access"`
	Org             int64             `yaml:"orgId"`
	OrgName         string            `yaml:"orgName"`
	UID             string            `yaml:"uid"`
	URL             string            `yaml:"url"`
	User            string            `yaml:"user"`
	Database        string            `yaml:"database"`
	BasicAuth       bool              `yaml:"basicAuth"`
	BasicAuthUser   string            `yaml:"basicAuthUser"`
	WithCredentials bool              `yaml:"withCredentials"`
	Default         bool              `yaml:"isDefault"`
	JSON            map[string]any    `yaml:"jsonData"`
	Secure          map[string]string `yaml:"secureJsonData"`
	Version         int64             `yaml:"version"`
	Editable        bool              `yaml:"editable"`
	Correlations    []any             `yaml:"correlations"`
}

// readSources reads the data sources of a file: all or none.
func (s *setup) readSources(dir, name string, env func(string) (string, bool)) error {
	var in struct {
		Version int64 `yaml:"apiVersion"`
		Prune   bool  `yaml:"prune"`
		Remove  []struct {
			Name    string `yaml:"name"`
			Org     int64  `yaml:"orgId"`
			OrgName string `yaml:"orgName"`
		} `yaml:"deleteDatasources"`
		Sources []*sourceYAML `yaml:"datasources"`
	}
	if err := readConfig(filepath.Join(dir, name), env, &in); err != nil {
		return err
	}
	if err := checkVersionAndOrg(in.Version); err != nil {
		return err
	}
	f := &sourceFile{name: name, prune: in.Prune}
	for i, y := range in.Sources {
		if y == nil {
			return fmt.Errorf("data source %d is empty", i+1)
		}
		src, err := y.input()
		if err != nil {
			return fmt.Errorf("data source %d (%s): %w", i+1, y.Name, err)
		}
		f.sources = append(f.sources, src)
	}
	for _, d := range in.Remove {
		if !slices.ContainsFunc(f.sources, func(o *fileSource) bool { return o.Name == d.Name }) {
			f.remove = append(f.remove, d.Name)
		}
	}
	s.sources = append(s.sources, f)
	return nil
}

func (y *sourceYAML) input() (*fileSource, error) {
	if err := checkVersionAndOrg(1, y.Org); err != nil {
		return nil, err
	}
	if len(y.Correlations) > 0 {
		return nil, errors.New("correlations are not served")
	}
	out := &fileSource{editable: y.Editable, sourceInput: sourceInput{
		UID: y.UID, Name: y.Name, Type: y.Type, Access: y.Access, URL: y.URL, User: y.User, Database: y.Database, BasicAuth: y.BasicAuth,
		BasicAuthUser: y.BasicAuthUser, WithCredentials: y.WithCredentials, Default: y.Default, Secure: y.Secure,
	}}
	if len(y.JSON) > 0 {
		text, err := jsonText(y.JSON)
		if err != nil {
			return nil, fmt.Errorf("jsonData: %w", err)
		}
		out.JSON = text
	}
	return out, out.check()
}

// checkDefaults refuses files of which two data sources would be the default, or
// two would have the same name.
func (s *setup) checkDefaults() {
	first, def := map[string]string{}, ""
	for _, f := range s.sources {
		for _, src := range f.sources {
			switch {
			case first[src.Name] != "":
				s.fault(f.name, fmt.Errorf("the data source %q is in %s already", src.Name, first[src.Name]))
				f.broken = true
			case src.Default && def != "":
				s.fault(f.name, fmt.Errorf("%q and %q are both marked as default, which one data source is", def, src.Name))
				f.broken = true
			case src.Default:
				def = src.Name
			}
			first[src.Name] = orElse(first[src.Name], f.name)
		}
	}
}
