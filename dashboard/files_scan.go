package dashboard

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A found is a file of a provider: a dashboard, by what was read of it last.
type found struct {
	provider *provider
	name     string // relative to the provider's path, with slashes
	path     string
	folder   string // title of the folder it belongs to; empty: none
	uid      string
	title    string
	sum      string
	err      error
}

// A stamp tells whether a file changed since it was read.
type stamp struct {
	size int64
	at   time.Time
}

type remembered struct {
	stamp
	found
}

const maxProviderFiles = maxDashboards

// A folderScan looks for the dashboards of providers. It remembers what it has read, so
// that a file that did not change is not read again.
type folderScan struct {
	known map[string]remembered // by path
}

// look lists the dashboards of all providers, by provider and name. Providers whose
// folder cannot be read are in unread: what they kept stays.
func (s *folderScan) look(providers []*provider) (list []*found, unread map[string]bool, faults []Fault) {
	seen := map[string]remembered{}
	unread = map[string]bool{}
	for _, p := range providers {
		files, err := p.files()
		if err != nil {
			unread[p.Name] = true
			faults = append(faults, Fault{File: p.Options.Path, Msg: err.Error()})
			continue
		}
		for _, name := range files {
			f := s.read(p, name, seen)
			if f.err != nil {
				faults = append(faults, Fault{File: f.path, Msg: f.err.Error()})
			}
			list = append(list, f)
		}
	}
	s.known = seen
	return list, unread, append(faults, twins(list)...)
}

// twins finds files that would be one dashboard, and lets none of them count.
func twins(list []*found) (faults []Fault) {
	first := map[string]*found{}
	for _, f := range list {
		if f.err != nil {
			continue
		}
		for _, k := range []string{"the uid " + f.uid, "the title " + f.title + " in the folder " + orElse(f.folder, generalTitle)} {
			o := first[strings.ToLower(k)]
			switch {
			case k == "the uid ":
			case o == nil:
				first[strings.ToLower(k)] = f
			case o != f:
				f.err = fmt.Errorf("has %s, as %s has", k, o.path)
				if o.err == nil {
					o.err = fmt.Errorf("has %s, as %s has", k, f.path)
					faults = append(faults, Fault{File: o.path, Msg: o.err.Error()})
				}
				faults = append(faults, Fault{File: f.path, Msg: f.err.Error()})
			}
			if f.err != nil {
				break
			}
		}
	}
	return faults
}

// files lists the names of a provider's JSON files. Names that begin with a dot do
// not count: what Kubernetes mounts has them.
func (p *provider) files() (names []string, err error) {
	root, err := filepath.EvalSymlinks(p.Options.Path)
	if err != nil {
		return nil, plainPathError(err)
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return plainPathError(err)
		case path == root && !e.IsDir():
			return errors.New("is not a folder")
		case path == root:
			return nil
		case strings.HasPrefix(e.Name(), ".") && e.IsDir():
			return filepath.SkipDir
		case strings.HasPrefix(e.Name(), ".") || e.IsDir() || filepath.Ext(e.Name()) != ".json":
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if len(names) == maxProviderFiles {
			return fmt.Errorf("has more than %d dashboards", maxProviderFiles)
		}
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(names)
	return names, err
}

func (s *folderScan) read(p *provider, name string, seen map[string]remembered) *found {
	f := &found{provider: p, name: name, path: filepath.Join(p.Options.Path, filepath.FromSlash(name)), folder: p.Folder}
	if dir := filepath.Dir(name); p.Options.Mirror && dir != "." {
		f.folder = filepath.Base(dir)
	}
	info, err := os.Stat(f.path)
	if err != nil {
		f.err = plainPathError(err)
		return f
	}
	now := stamp{size: info.Size(), at: info.ModTime()}
	if was, ok := s.known[f.path]; ok && was.stamp == now {
		f.uid, f.title, f.sum, f.err = was.uid, was.title, was.sum, was.err
	} else {
		_, f.err = f.load()
	}
	seen[f.path] = remembered{now, *f}
	return f
}

// load reads the file and what it is about.
func (f *found) load() ([]byte, error) {
	raw, err := readCapped(f.path, maxDashboardJSON)
	if err != nil {
		return nil, err
	}
	h, err := readHead(raw)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	f.uid, f.title, f.sum = deref(h.UID), h.Title, hex.EncodeToString(sum[:])
	return raw, nil
}
