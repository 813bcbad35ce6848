package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newCredentials() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "credentials",
		Short: "Temporary credentials of roles and users: revoke them",
	}
	cmd.AddCommand(newCredentialsRevoke())
	return cmd
}

func newCredentialsRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke role/NAME|user/NAME [SESSION_NAME]",
		Short: "Deny everything to the sessions there are now, or to one of them",
		Long: `Put an inline policy on a role or user that denies everything to its temporary
credentials issued until now, bearer tokens included: AWSRevokeOlderSessions, as
AWS's console does. With SESSION_NAME only the sessions of that name are denied, by
the policy Revoked-SESSION_NAME. Later sessions are not affected; long-term keys are
not, either. Delete the policy when the sessions' time is over.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			kind, name, _ := strings.Cut(args[0], "/")
			word := map[string]string{"role": "Role", "user": "User"}[kind]
			if word == "" || name == "" || strings.Contains(name, "/") {
				return misuse{errors.New("want role/NAME or user/NAME, without a path")}
			}
			policy, document, err := revocation(args[1:], time.Now())
			if err != nil {
				return err
			}
			err = askIAM(cmd.Context(), t, url.Values{
				"Action": {"Put" + word + "Policy"}, "Version": {"2010-05-08"},
				word + "Name": {name}, "PolicyName": {policy}, "PolicyDocument": {document},
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "The policy %s of %s denies everything to its sessions of before now.\n", policy, args[0])
			return err
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

// revocation is the policy that ends the sessions issued until now; with a name,
// of that name. Issue times are whole seconds, so the running one counts as past.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
func revocation(session []string, now time.Time) (name, document string, err error) {
	before := now.UTC().Truncate(time.Second).Add(time.Second).Format(time.RFC3339)
	name = "AWSRevokeOlderSessions"
	conditions := map[string]map[string]string{"DateLessThan": {"aws:TokenIssueTime": before}}
	if len(session) > 0 {
		name = "Revoked-" + session[0]
		conditions["StringLike"] = map[string]string{"aws:userid": "*:" + session[0]}
	}
	type statement struct {
		Effect    string
		Action    []string
		Resource  []string
		Condition map[string]map[string]string
	}
	text, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Deny", []string{"*"}, []string{"*"}, conditions}}})
	return name, string(text), err
}

// askIAM calls an operation of IAM whose answer says nothing.
func askIAM(ctx context.Context, t target, form url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	body := []byte(form.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+"/", strings.NewReader(string(body)))
	if err != nil {
		return misuse{err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := sign(ctx, req, t, "iam", body); err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask Hearth: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAskedBytes))
	if err != nil {
		return fmt.Errorf("ask Hearth: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return nil
	}
	var e struct {
		Message string `xml:"Error>Message"`
	}
	_ = xml.Unmarshal(answer, &e)
	return fmt.Errorf("%s", orElse(e.Message, res.Status))
}
