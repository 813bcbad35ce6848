package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/store"
)

func newBackup() *cobra.Command {
	var without bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write everything in --storage.path into one file, while Hearth runs or not",
		Long: `Write everything in --storage.path into FILE, a tar archive that hearth restore
reads, and check it.

Hearth may run meanwhile and is not held up; a Hearth that was killed is fine too.
What was answered 2xx before the backup began is in it. The last entry, SHA256SUMS,
lets sha256sum check the others without Hearth.`,
		Args: exactly(1, "one FILE to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			b := &backup{config: &c, path: args[0], withoutKeys: without}
			if err := b.run(cmd.Context()); err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			fmt.Fprint(cmd.OutOrStdout(), b.report())
			return nil
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.Flags().BoolVar(&without, "without-keys", false, "leave out the root keys and the keys that seal secrets: keep those elsewhere")
	return cmd
}

// A backup is one under way.
type backup struct {
	config      *Config
	path        string
	withoutKeys bool

	began      time.Time
	took       time.Duration
	workspaces int
	out        *archiveWriter
}

// manifestName is the first entry of a backup, and sumsName the last.
const (
	manifestName = "hearth-backup.json"
	sumsName     = "SHA256SUMS"
)

// archiveFormat is raised when an older Hearth could not restore what is written.
const archiveFormat = 1

// A manifest says what a backup is.
type manifest struct {
	Format int       `json:"format"`
	Hearth string    `json:"hearth"`
	Taken  time.Time `json:"taken"`
	Keys   bool      `json:"keys"` // those that seal secrets are in it
}

func (b *backup) run(ctx context.Context) error {
	b.began = time.Now()
	if err := b.checkPlaces(); err != nil {
		return err
	}
	if err := os.Remove(b.path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a backup that was killed
		return err
	}
	partial, err := os.OpenFile(b.path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	b.out = newArchiveWriter(partial)
	err = b.write(ctx)
	if err = errors.Join(err, partial.Sync(), partial.Close()); err != nil {
		return err
	}
	if _, err := readArchive(ctx, partial.Name(), nil); err != nil {
		return fmt.Errorf("the file just written does not read well: %w", err)
	}
	b.took = time.Since(b.began)
	if err := os.Rename(partial.Name(), b.path); err != nil {
		return err
	}
	return embedded.SyncDir(filepath.Dir(b.path))
}

// checkPlaces refuses a folder that holds no Hearth, and a file in it or over another.
func (b *backup) checkPlaces() error {
	storage, err := filepath.Abs(b.config.Storage.Path)
	if err != nil {
		return err
	}
	to, err := filepath.Abs(b.path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(storage, stateFile)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage.path: there is no Hearth in %s: it has no file %s", b.config.Storage.Path, stateFile)
	} else if err != nil {
		return fmt.Errorf("storage.path: %w", err)
	}
	if rel, err := filepath.Rel(storage, to); err == nil && filepath.IsLocal(rel) {
		return misuse{fmt.Errorf("%s is in the folder to back up: choose a place outside", b.path)}
	}
	if _, err := os.Stat(to); err == nil {
		return misuse{fmt.Errorf("%s is there already: choose another name", b.path)}
	}
	return nil
}

// write puts the samples in first, then the state that speaks of them, and the keys
// after what they sealed: keys are only ever added to their file.
func (b *backup) write(ctx context.Context) error {
	files, keys, err := b.plainFiles()
	if err != nil {
		return err
	}
	m, err := json.MarshalIndent(manifest{Format: archiveFormat, Hearth: version, Taken: b.began.UTC(), Keys: keys}, "", "  ")
	if err != nil {
		return err
	}
	if err := b.out.bytes(manifestName, append(m, '\n')); err != nil {
		return err
	}
	if err := b.samples(ctx); err != nil {
		return err
	}
	if err := b.state(ctx); err != nil {
		return err
	}
	for _, name := range files {
		if err := b.out.path(name, filepath.Join(b.config.Storage.Path, name)); err != nil {
			return err
		}
	}
	return b.out.close()
}

// stateFile is the store's, and samplesDir the engine's, in the storage folder.
const (
	stateFile  = "hearth.db"
	samplesDir = "workspaces"
)

// plainFiles lists what else is in the folder: keys, certificates.
func (b *backup) plainFiles() (names []string, keys bool, err error) {
	entries, err := os.ReadDir(b.config.Storage.Path)
	if err != nil {
		return nil, false, err
	}
	secret := []string{"credentials", "keys", "grafana-upstream.pem"}
	for _, d := range entries {
		name := d.Name()
		if !d.Type().IsRegular() || strings.HasPrefix(name, stateFile) || strings.Contains(name, ".new") || strings.HasPrefix(name, ".") {
			continue
		}
		if b.withoutKeys && slices.Contains(secret, name) {
			continue
		}
		names = append(names, name)
	}
	own := filepath.Clean(b.config.keyringFile()) == filepath.Join(filepath.Clean(b.config.Storage.Path), "keys")
	return names, own && slices.Contains(names, "keys"), nil
}

func (b *backup) samples(ctx context.Context) error {
	dir := filepath.Join(b.config.Storage.Path, samplesDir)
	ids, err := embedded.Workspaces(dir)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := embedded.TakeSnapshot(ctx, filepath.Join(dir, string(id)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return fmt.Errorf("workspace %s: %w", id, err)
		}
		for _, f := range s.Files {
			if err = b.out.file(samplesDir+"/"+string(id)+"/"+f.Name, f.Size, f.Content); err != nil {
				break
			}
		}
		if err := errors.Join(err, s.Close()); err != nil {
			return err
		}
		if !isUsage(string(id)) {
			b.workspaces++
		}
	}
	return nil
}

// state copies the store beside the backup, where there is room for it, and from
// there into it.
func (b *backup) state(ctx context.Context) error {
	copied := b.path + ".db.new"
	if err := os.Remove(copied); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := store.Copy(ctx, filepath.Join(b.config.Storage.Path, stateFile), copied); err != nil {
		return err
	}
	defer os.Remove(copied)
	return b.out.path(stateFile, copied)
}

func (b *backup) report() string {
	text := fmt.Sprintf("%s: %s of %s, in %s: read again and found whole\n",
		b.path, counted(b.workspaces, "workspace"), inBytes(b.out.written), b.took.Round(time.Millisecond))
	switch {
	case b.withoutKeys:
		text += "It has no keys. Without the file " + b.config.keyringFile() + " the secrets in it cannot be read: keep that elsewhere.\n"
	case b.config.Storage.KeyFile != "":
		text += "The keys that seal its secrets are not in it: keep " + b.config.Storage.KeyFile + " as well.\n"
	default:
		text += "It holds the keys too: whoever reads it can do everything.\n"
	}
	return text
}

// counted is "1 workspace" or "2 workspaces".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// inBytes is n in the unit that leaves the fewest digits.
func inBytes(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	v := float64(n)
	for v >= 1024 && len(units) > 1 {
		v, units = v/1024, units[1:]
	}
	if units[0] == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[0])
}
