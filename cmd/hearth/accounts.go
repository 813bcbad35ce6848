package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/store"
)

// AccountConfig is an account besides that of aws.account-id. Without keys its
// root gets some at the first start, in the credentials file under the profile
// hearth-ID.
type AccountConfig struct {
	ID     string `yaml:"id"`
	KeyID  string `yaml:"access-key-id"`
	Secret string `yaml:"secret-access-key"`
}

// ProviderConfig pins the keys of an OpenID Connect issuer that cannot be
// reached.
type ProviderConfig struct {
	Issuer   string `yaml:"issuer"`
	KeysFile string `yaml:"jwks-file"`
}

func (c *Config) checkAccounts() error {
	seen := map[string]bool{c.AWS.AccountID: true}
	for i, a := range c.Accounts {
		switch {
		case !twelveDigits.MatchString(a.ID):
			return fmt.Errorf("accounts[%d].id: %q is not twelve digits", i, a.ID)
		case seen[a.ID]:
			return fmt.Errorf("accounts[%d].id: %s is there twice", i, a.ID)
		case (a.KeyID == "") != (a.Secret == ""):
			return fmt.Errorf("accounts[%d]: access-key-id and secret-access-key go together: one of them is empty", i)
		}
		seen[a.ID] = true
	}
	for i, p := range c.Providers {
		if p.Issuer == "" || p.KeysFile == "" {
			return fmt.Errorf("identity-providers[%d]: needs issuer and jwks-file", i)
		}
	}
	return nil
}

// roots are the root keys of all accounts.
func (p *program) roots() ([]iam.RootKey, error) {
	out := []iam.RootKey{{Account: hearth.AccountID(p.config.AWS.AccountID), ID: p.rooms.root.ID, Secret: p.rooms.root.Secret}}
	for _, a := range p.config.Accounts {
		k, err := p.rootOf(a)
		if err != nil {
			return nil, fmt.Errorf("root keys of account %s: %w", a.ID, err)
		}
		out = append(out, iam.RootKey{Account: hearth.AccountID(a.ID), ID: k.ID, Secret: k.Secret})
	}
	return out, nil
}

// rootOf returns the keys of an account's root, and makes them at the first
// start. `hearth dev` uses the account's number and test.
func (p *program) rootOf(a AccountConfig) (keyPair, error) {
	switch {
	case a.KeyID != "":
		return keyPair{a.KeyID, a.Secret}, nil
	case p.mode == "dev":
		return keyPair{a.ID, devKeys.Secret}, nil
	}
	path, profile := credentialsFile(p.config.Storage.Path), credentialsProfile+"-"+a.ID
	k, err := readProfile(path, profile)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	k = newKeys()
	return k, setSection(path, profile, [][2]string{{"aws_access_key_id", k.ID}, {"aws_secret_access_key", k.Secret}})
}

// keyringFile is where the keys are that seal secrets.
func (c *Config) keyringFile() string {
	return orElse(c.Storage.KeyFile, filepath.Join(c.Storage.Path, "keys"))
}

// keyring reads the keys that seal secrets, and makes the first one at the first
// start.
func (c *Config) keyring() (*iam.Keyring, error) {
	path := c.keyringFile()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(iam.NewKeyringText())
		err = writeFile(path, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("storage.key-file: %w", err)
	}
	keys, err := iam.ParseKeyring(string(text))
	if err != nil {
		return nil, fmt.Errorf("storage.key-file %s: %w", path, err)
	}
	return keys, nil
}

// sealedBuckets hold secrets that the keyring sealed.
var sealedBuckets = []string{
	"iam-access-keys", "alertmanager-data", "scraper-configurations", "clusters", "sns-signers",
	"sso-keys", "grafana-data-sources", "grafana-contact-points", "cloudwatch-scrapers",
}

// refuseLostKeys refuses to make new keys while there is something that only the old
// ones open: it would be lost at once and missed much later.
func (p *program) refuseLostKeys(ctx context.Context) error {
	path := p.config.keyringFile()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return p.rooms.store.View(ctx, func(tx store.Tx) error {
		for _, bucket := range sealedBuckets {
			found, err := tx.Scan(bucket, "", "", 1)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return fmt.Errorf("storage.key-file: %s is not there, and %s has secrets that the keys in it sealed: put it back", path, stateFile)
			}
		}
		return nil
	})
}

// pins are the key sets of issuers that cannot be reached.
func (c *Config) pins() (map[string]string, error) {
	out := map[string]string{}
	for _, p := range c.Providers {
		text, err := os.ReadFile(p.KeysFile)
		if err != nil {
			return nil, fmt.Errorf("identity-providers: %w", err)
		}
		out[p.Issuer] = string(text)
	}
	return out, nil
}

func (p *program) iamOptions(ctx context.Context) (iam.Options, error) {
	o := iam.Options{Elsewhere: map[string]iam.Elsewhere{"sns": topicPolicies{p}}, Store: p.rooms.store, Dial: p.config.dialer().DialContext, Log: p.log, Profile: hearth.Profile(p.config.Profile)}
	var err error
	if err = p.refuseLostKeys(ctx); err != nil {
		return o, err
	}
	if o.Keys, err = p.config.keyring(); err != nil {
		return o, err
	}
	if o.Roots, err = p.roots(); err != nil {
		return o, err
	}
	o.Pins, err = p.config.pins()
	return o, err
}
