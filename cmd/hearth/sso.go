package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/sso"
)

func (c *Config) checkSSO() error {
	o := &c.SSO.OIDC
	if o.Issuer == "" {
		if o.ClientID != "" || o.ClientSecretFile != "" || o.ConsoleRole != "" || len(o.ConsoleRoles) > 0 {
			return errors.New("sso.oidc.issuer: must not be empty if other settings of sso.oidc are set")
		}
		return nil
	}
	if o.ClientID == "" {
		return errors.New("sso.oidc.client-id: must not be empty")
	}
	if o.ConsoleRole != "" && !isRoleARN(o.ConsoleRole) {
		return fmt.Errorf("sso.oidc.console-role: %q is not the ARN of a role", o.ConsoleRole)
	}
	for _, text := range o.ConsoleRoles {
		if g := groupRole(text); g.Group == "" || !isRoleARN(g.Role) {
			return fmt.Errorf("sso.oidc.console-roles: %q is not GROUP=ROLE_ARN", text)
		}
	}
	return nil
}

func isRoleARN(text string) bool {
	arn, err := hearth.ParseARN(text)
	return err == nil && arn.Service == "iam" && strings.HasPrefix(arn.Resource, "role/")
}

// groupRole reads GROUP=ROLE_ARN; a group's name may have = in it.
func groupRole(text string) (g sso.GroupRole) {
	if i := strings.LastIndex(text, "=arn:"); i >= 0 {
		g.Group, g.Role = text[:i], text[i+1:]
	}
	return g
}

// openSSO joins sign-in with what it proves people against.
func (p *program) openSSO(ctx context.Context) (*sso.Room, error) {
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("sign-in")
	if err != nil {
		return nil, err
	}
	c, r := p.config, &p.rooms
	room, err := sso.New(sso.Options{
		Store: r.store, Sealer: sealer, Client: c.guardedClient(), Workspaces: r.grafana, Users: r.grafana, Credentials: r.iam,
		OIDC: c.oidc(), Roles: consoleRoles{r.iam}, Local: p.mode == "dev" || c.SSO.Local.PasswordFile != "",
		AllowUnsolicited: c.SSO.SAML.AllowUnsolicited, ExternalURL: p.url, Account: hearth.AccountID(c.AWS.AccountID),
		Recorder: r.ledger, Log: p.log, Metrics: p.registry,
	})
	if err != nil {
		return nil, err
	}
	return room, p.setLocal(ctx, room)
}

// setLocal sets the local administrator's password: that of the file, or for
// `hearth dev` a new one.
func (p *program) setLocal(ctx context.Context, room *sso.Room) error {
	switch path := p.config.SSO.Local.PasswordFile; {
	case path != "":
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("sso.local.password-file: %w", err)
		}
		p.password = strings.TrimRight(string(text), "\r\n")
	case p.mode == "dev":
		p.password = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(randomBytes(10)))
	default:
		return nil
	}
	if err := room.SetLocal(ctx, p.password, p.config.SSO.Local.PasswordFile == ""); err != nil {
		return fmt.Errorf("sso.local.password-file: %w", err)
	}
	return nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// greetBrowser prints how to sign in with a browser.
func (p *program) greetBrowser(ctx context.Context, w io.Writer) {
	link, _, err := p.rooms.sso.NewLink(ctx, p.rooms.root.ID, "", devLinkLife)
	if err != nil {
		p.log.Warn("no link to the console", "err", err)
		return
	}
	fmt.Fprintf(w, `
console         %s
                (good once; hearth ui login-link makes another)
Grafana         %s/grafana/%s/
                (local administrator: %s, password: %s)
`, link, p.url, p.rooms.board.ID, sso.LocalLogin, p.password)
}

// devLinkLife is how long the link that `hearth dev` prints waits.
const devLinkLife = 12 * time.Hour

func (c *Config) oidc() *sso.OIDC {
	o := &c.SSO.OIDC
	if o.Issuer == "" {
		return nil
	}
	out := &sso.OIDC{Issuer: o.Issuer, ClientID: o.ClientID, Scopes: o.Scopes, GroupsClaim: o.GroupsClaim, Name: o.Name, ConsoleRole: o.ConsoleRole, Logout: o.SingleLogout}
	for _, text := range o.ConsoleRoles {
		out.Groups = append(out.Groups, groupRole(text))
	}
	if o.ClientSecretFile != "" {
		out.Secret = func() (string, error) {
			text, err := os.ReadFile(o.ClientSecretFile)
			return strings.TrimRight(string(text), "\r\n"), err
		}
	}
	return out
}

// consoleRoles exchanges ID tokens for roles, as STS does for anyone.
type consoleRoles struct{ iam *iam.Room }

func (c consoleRoles) Assume(ctx context.Context, roleARN, session, idToken string) (sso.Role, error) {
	got, err := c.iam.AssumeWithWebIdentity(ctx, iam.WebIdentityInput{RoleARN: roleARN, SessionName: session, Token: idToken}, hearth.Access{Time: time.Now()})
	if err != nil {
		return sso.Role{}, err
	}
	return sso.Role{AccessKeyID: got.AccessKeyID, Token: got.Token, Expires: got.Expires}, nil
}

// samlMetadata reads identity providers' metadata as sign-ins do.
type samlMetadata struct{}

func (samlMetadata) CheckMetadata(xml string) error {
	_, err := sso.ParseMetadata([]byte(xml))
	return err
}
