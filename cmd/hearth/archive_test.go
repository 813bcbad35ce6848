package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodManifest = `{"format":1,"hearth":"0.1.0","taken":"2026-11-21T10:00:00Z","keys":true}`

// archiveOf writes entries, each a name and a text, as an archive. The text @ stands
// for the checksums of those before.
func archiveOf(t testing.TB, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	var sums strings.Builder
	for _, e := range entries {
		if e[1] == "@" {
			e[1] = sums.String()
		}
		h := &tar.Header{Name: e[0], Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(e[1]))}
		if e[1] == "->" {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			_, _ = w.Write([]byte(e[1]))
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(e[1])), e[0])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A backup that somebody tampered with puts nothing anywhere.
func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	first, state, sums := [2]string{manifestName, goodManifest}, [2]string{stateFile, "state"}, [2]string{sumsName, "@"}
	good := archiveOf(t, first, state, sums)
	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"empty":        {nil, "it is not a backup of Hearth"},
		"text":         {[]byte(strings.Repeat("no archive\n", 100)), "it is not a backup of Hearth"},
		"other tar":    {archiveOf(t, state, sums), `it begins with "hearth.db"`},
		"no manifest":  {archiveOf(t, [2]string{manifestName, "{}"}, state, sums), "hearth-backup.json cannot be read"},
		"newer":        {archiveOf(t, [2]string{manifestName, `{"format":2,"hearth":"9"}`}, state, sums), "its format is 2 and this program knows 1"},
		"out of it":    {archiveOf(t, first, [2]string{"../evil", "x"}, state, sums), `no business with "../evil"`},
		"absolute":     {archiveOf(t, first, [2]string{"/tmp/evil", "x"}, state, sums), `no business with "/tmp/evil"`},
		"link":         {archiveOf(t, first, [2]string{"keys", "->"}, state, sums), `no business with "keys"`},
		"twice":        {archiveOf(t, first, state, state, sums), `"hearth.db" twice`},
		"no sums":      {archiveOf(t, first, state), "the backup is cut off"},
		"cut":          {good[:1600], "the backup is cut off"},
		"after sums":   {archiveOf(t, first, state, sums, [2]string{"keys", "k"}), `"keys" comes after its end`},
		"changed":      {bytes.Replace(good, []byte("state"), []byte("stats"), 1), `checksum of "hearth.db" does not hold`},
		"sums of less": {archiveOf(t, first, state, [2]string{sumsName, fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(goodManifest)), manifestName)}), "checksums of 1 files out of 2"},
		"no state":     {archiveOf(t, first, [2]string{"keys", "k"}, sums), "the backup has no hearth.db"},
	} {
		dir := filepath.Join(t.TempDir(), "to")
		path := filepath.Join(t.TempDir(), "b.tar")
		if err := os.WriteFile(path, c.archive, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := restore(t.Context(), path, dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: the folder was left behind", name)
		}
	}
}

// What is restored is private, and a file system's own folder is no obstacle.
func TestRestoreIntoAMountedDisk(t *testing.T) {
	path, dir := filepath.Join(t.TempDir(), "b.tar"), t.TempDir()
	text := archiveOf(t, [2]string{manifestName, goodManifest}, [2]string{"workspaces/ws-1/wal/0", "w"}, [2]string{stateFile, "state"}, [2]string{sumsName, "@"})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, there := range []string{"lost+found", restoringDir} {
		if err := os.Mkdir(filepath.Join(dir, there), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	found, err := restore(t.Context(), path, dir)
	if err != nil || len(found.workspaces) != 1 || found.files != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for name, mode := range map[string]os.FileMode{stateFile: 0o600, "workspaces": 0o700, "workspaces/ws-1/wal/0": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, want mode %o", name, err, mode)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, restoringDir)); err == nil {
		t.Error("the folder in between was left behind")
	}
}

func FuzzReadArchive(f *testing.F) {
	f.Add(archiveOf(f, [2]string{manifestName, goodManifest}, [2]string{stateFile, "s"}, [2]string{sumsName, "@"}))
	f.Add([]byte("no archive"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a := archiveReader{sums: map[string]string{}, archive: archive{workspaces: map[string]bool{}}}
		err := a.all(t.Context(), bytes.NewReader(text))
		if err == nil && (!a.done || a.manifest.Format != archiveFormat) {
			t.Errorf("taken without its end or its beginning: %+v", a.archive)
		}
	})
}
