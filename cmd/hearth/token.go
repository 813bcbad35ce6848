package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// A bearer token as Hearth answers it.
type bearerToken struct {
	ID      string     `json:"tokenId"`
	Token   string     `json:"token"`
	Of      string     `json:"principal"`
	Actions []string   `json:"actions"`
	Note    string     `json:"note"`
	Created time.Time  `json:"createdAt"`
	Expires *time.Time `json:"expiresAt"`
}

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Bearer tokens for tools that cannot sign: promtool, amtool, Grafana",
		Long: `Bearer tokens stand for a user or role, within some actions, in the header
Authorization: Bearer TOKEN. They are Hearth's own: AWS has none.`,
	}
	cmd.AddCommand(newTokenCreate(), newTokenList(), newTokenRevoke())
	return cmd
}

func newTokenCreate() *cobra.Command {
	var actions []string
	var note string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "create user/NAME|role/NAME --actions ACTION,…",
		Short: "Make a token and print it; it is never shown again",
		Args:  exactly(1, "user/NAME or role/NAME"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			in := map[string]any{"principal": args[0], "actions": actions, "note": note, "expiresInSeconds": int64(expires.Seconds())}
			var made bearerToken
			if err := ask(cmd.Context(), t, http.MethodPost, "/hearth/v1/tokens", in, &made); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), made.Token)
			return err
		}),
	}
	cmd.Flags().StringSliceVar(&actions, "actions", []string{"aps:QueryMetrics", "aps:GetLabels", "aps:GetSeries", "aps:GetMetricMetadata"}, "what the token may be used for, within what its principal may")
	cmd.Flags().StringVar(&note, "note", "", "what it is for")
	cmd.Flags().DurationVar(&expires, "expires-in", 0, "how long it is good; 0: until it is revoked")
	addFlags(cmd, defaultConfig())
	return cmd
}

func newTokenList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tokens of the account",
		Args:  exactly(0, "no arguments"),
		RunE: withTarget(func(cmd *cobra.Command, _ []string, t target) error {
			var all struct{ Tokens []bearerToken }
			if err := ask(cmd.Context(), t, http.MethodGet, "/hearth/v1/tokens", nil, &all); err != nil {
				return err
			}
			return printTokens(cmd.OutOrStdout(), all.Tokens)
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func printTokens(out io.Writer, tokens []bearerToken) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tOF\tCREATED\tEXPIRES\tACTIONS\tNOTE")
	for _, b := range tokens {
		expires := "never"
		if b.Expires != nil {
			expires = b.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", b.ID, b.Of, b.Created.Format(time.RFC3339), expires, strings.Join(b.Actions, ","), b.Note)
	}
	return w.Flush()
}

func newTokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke TOKEN_ID",
		Short: "End a token at once",
		Args:  exactly(1, "one TOKEN_ID"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			return ask(cmd.Context(), t, http.MethodDelete, "/hearth/v1/tokens/"+args[0], nil, nil)
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

// withTarget finds the Hearth a command talks to.
func withTarget(run func(cmd *cobra.Command, args []string, t target) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := load(cmd, defaultConfig())
		if err != nil {
			return err
		}
		t, err := whyTarget(cmd.Context(), &c)
		if err != nil {
			return err
		}
		return run(cmd, args, t)
	}
}

// ask calls one of Hearth's own operations.
func ask(ctx context.Context, t target, method, path string, in, out any) error {
	return askService(ctx, t, "hearth", method, path, in, out)
}

// askService calls an operation of a service that speaks JSON.
func askService(ctx context.Context, t target, service, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, t.URL+path, strings.NewReader(string(body)))
	if err != nil {
		return misuse{err}
	}
	if err := sign(ctx, req, t, service, body); err != nil {
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
	if res.StatusCode/100 != 2 {
		return refusalOf(res, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
