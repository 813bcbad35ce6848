package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/ledger"
)

func newRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into --storage.path, which must be empty",
		Long: `Put what hearth backup wrote into --storage.path, which must be empty or not there.

The folder is as it was before unless all of FILE could be read and its checksums hold.
Run it as the user that Hearth runs as. Do not let two Hearths that came from one
backup write to the same places.`,
		Args: exactly(1, "one FILE that hearth backup wrote"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			found, err := restore(cmd.Context(), args[0], c.Storage.Path)
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s now has %s\n", c.Storage.Path, found.String())
			if _, err := os.Stat(c.keyringFile()); errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintf(cmd.OutOrStdout(), "The keys that seal its secrets are not in the backup: put them into %s before Hearth starts.\n", c.keyringFile())
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Start it: hearth serve --storage.path=%s\n", shellQuote(c.Storage.Path))
			return nil
		},
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func newCheckBackup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Check that a backup is whole",
		Args:  exactly(1, "one FILE that hearth backup wrote"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := readArchive(cmd.Context(), args[0], nil)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: fine, %s\n", args[0], found.String())
			return nil
		},
	}
}

// String says what a backup has in it.
func (a *archive) String() string {
	return fmt.Sprintf("%s, %s of %s, taken by Hearth %s at %s", counted(len(a.workspaces), "workspace"),
		counted(a.files, "file"), inBytes(a.bytes), ledger.Harmless(a.manifest.Hearth), a.manifest.Taken.Format(time.RFC3339))
}

// restoringDir is where a restore gathers its files, in the storage folder.
const restoringDir = ".restoring"

// restore puts the backup at path into dir. The files are gathered in a folder of
// their own and moved once all is well, the state last: without it there is no Hearth.
func restore(ctx context.Context, path, dir string) (found archive, err error) {
	if err := checkEmpty(dir); err != nil {
		return found, err
	}
	staging := filepath.Join(dir, restoringDir)
	_, err = os.Stat(dir)
	ours := errors.Is(err, fs.ErrNotExist)
	if err := errors.Join(os.RemoveAll(staging), os.MkdirAll(staging, 0o700)); err != nil {
		return found, err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(staging))
		if err != nil && ours {
			_ = os.Remove(dir) // unless something is in it
		}
	}()
	keep := func(name string, r io.Reader) error {
		return keepFile(filepath.Join(staging, filepath.FromSlash(name)), r)
	}
	if found, err = readArchive(ctx, path, keep); err != nil {
		return found, err
	}
	if _, err := os.Stat(filepath.Join(staging, stateFile)); err != nil {
		return found, fmt.Errorf("%s: the backup has no %s", path, stateFile)
	}
	entries, err := os.ReadDir(staging)
	if err != nil {
		return found, err
	}
	for _, d := range entries {
		if d.Name() != stateFile {
			err = errors.Join(err, os.Rename(filepath.Join(staging, d.Name()), filepath.Join(dir, d.Name())))
		}
	}
	if err == nil {
		err = os.Rename(filepath.Join(staging, stateFile), filepath.Join(dir, stateFile))
	}
	return found, errors.Join(err, embedded.SyncDir(dir))
}

// checkEmpty refuses a folder with anything in it but what a new file system has, and
// what a restore that was interrupted left.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("storage.path: %w", err)
	}
	for _, d := range entries {
		if d.Name() != restoringDir && d.Name() != "lost+found" {
			return fmt.Errorf("storage.path: %s is not empty: it has %s; restore into an empty folder", dir, d.Name())
		}
	}
	return nil
}

// keepFile writes a new file of a restore, on disk when it returns.
func keepFile(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}
