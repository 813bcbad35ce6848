package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A keyPair is an access key id with its secret.
type keyPair struct{ ID, Secret string }

// devKeys are the root keys of `hearth dev`, the customary pair of test set-ups.
var devKeys = keyPair{"test", "test"}

// credentialsProfile is the name of the root keys' section in the credentials file.
const credentialsProfile = "hearth"

func credentialsFile(storage string) string { return filepath.Join(storage, "credentials") }

// rootKeys returns the root keys: the environment's, else the credentials
// file's, else new ones written there with mode 0600.
func rootKeys(storage string) (keyPair, error) {
	k, ok, err := keysFromEnvironment()
	if ok || err != nil {
		return k, err
	}
	k, err = readKeys(credentialsFile(storage))
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	k = newKeys()
	return k, writeKeys(credentialsFile(storage), k)
}

func keysFromEnvironment() (k keyPair, ok bool, err error) {
	k = keyPair{os.Getenv("HEARTH_ROOT_ACCESS_KEY_ID"), os.Getenv("HEARTH_ROOT_SECRET_ACCESS_KEY")}
	if (k.ID == "") != (k.Secret == "") {
		return k, false, misuse{errors.New("HEARTH_ROOT_ACCESS_KEY_ID and HEARTH_ROOT_SECRET_ACCESS_KEY go together: one of them is empty")}
	}
	return k, k.ID != "", nil
}

// newKeys makes keys of the lengths and alphabets AWS uses.
func newKeys() keyPair {
	random := make([]byte, 40)
	_, _ = rand.Read(random) // never fails
	id := base32.StdEncoding.EncodeToString(random[:10])
	return keyPair{ID: "AKIA" + id, Secret: base64.StdEncoding.EncodeToString(random[10:])}
}

// writeKeys writes an AWS shared-credentials file that only its owner reads. It
// appears whole or not at all.
func writeKeys(path string, k keyPair) error {
	text := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", credentialsProfile, k.ID, k.Secret)
	if err := writeFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write root keys: %w", err)
	}
	return nil
}

// writeFile replaces path by data, on disk when it returns.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// readKeys reads the profile hearth of an AWS shared-credentials file.
func readKeys(path string) (keyPair, error) {
	k, err := readProfile(path, credentialsProfile)
	if errors.Is(err, errNoProfile) {
		return k, fmt.Errorf("read root keys: %s has no profile %q with aws_access_key_id and aws_secret_access_key", path, credentialsProfile)
	}
	return k, err
}

// errNoProfile is of a file without the profile. For who makes profiles it is
// the same as no file.
var errNoProfile = fmt.Errorf("no such profile: %w", fs.ErrNotExist)

// readProfile reads a profile of an AWS shared-credentials file.
func readProfile(path, profile string) (keyPair, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return keyPair{}, fmt.Errorf("read root keys: %w", err)
	}
	section := iniSections(string(text))[profile]
	k := keyPair{section["aws_access_key_id"], section["aws_secret_access_key"]}
	if k.ID == "" || k.Secret == "" {
		return k, errNoProfile
	}
	return k, nil
}

// iniSections splits an AWS configuration file into its sections.
func iniSections(text string) map[string]map[string]string {
	all := map[string]map[string]string{}
	current := map[string]string{}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if name, ok := strings.CutPrefix(line, "["); ok {
			current = map[string]string{}
			all[sectionName(name)] = current
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && line[0] != '#' && line[0] != ';' {
			current[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return all
}

// sectionName is the name in a section's line, whose opening bracket is cut off.
// Behind the closing one there may be a comment.
func sectionName(rest string) string {
	name, _, _ := strings.Cut(rest, "]")
	return strings.TrimSpace(name)
}
