package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/iam"
)

func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Replace root keys, or the keys that seal secrets"}
	cmd.AddCommand(newRotateRoot(), newRotateSealing())
	return cmd
}

func newRotateRoot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate-root",
		Short: "Make new root keys in the credentials file; they count after the next start",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			path := credentialsFile(c.Storage.Path)
			if _, err := readKeys(path); err != nil {
				return err
			}
			k := newKeys()
			if err := setSection(path, credentialsProfile, [][2]string{{"aws_access_key_id", k.ID}, {"aws_secret_access_key", k.Secret}}); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s has new root keys (%s). Restart Hearth; then the old ones are refused; sessions last until they expire.\n", path, k.ID)
			return nil
		},
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func newRotateSealing() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate-sealing",
		Short: "Add a key that seals secrets from the next start on; older keys still open what they sealed",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			path := c.keyringFile()
			text, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s does not exist; Hearth makes it at its first start", path)
			}
			if err != nil {
				return fmt.Errorf("storage.key-file: %w", err)
			}
			more, err := iam.RotateKeyringText(string(text))
			if err != nil {
				return fmt.Errorf("storage.key-file %s: %w", path, err)
			}
			if err := writeFile(path, []byte(more), 0o600); err != nil {
				return fmt.Errorf("storage.key-file: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s has a new key. Restart Hearth; keep the older keys in the file.\n", path)
			return nil
		},
	}
	addFlags(cmd, defaultConfig())
	return cmd
}
