package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// A browserSession as Hearth answers it.
type browserSession struct {
	ID        string    `json:"sessionId"`
	Grafana   string    `json:"grafanaWorkspaceId"`
	Login     string    `json:"login"`
	Principal string    `json:"principal"`
	Provider  string    `json:"provider"`
	Created   time.Time `json:"createdAt"`
	Seen      time.Time `json:"lastUsedAt"`
	Expires   time.Time `json:"expiresAt"`
	Remote    string    `json:"remote"`
}

func newSessions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "Browser sessions: who is signed in, and ending that",
	}
	cmd.AddCommand(newSessionsList(), newSessionsRevoke())
	return cmd
}

func newSessionsList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the browser sessions of the account's Grafana workspaces and console",
		Args:  exactly(0, "no arguments"),
		RunE: withTarget(func(cmd *cobra.Command, _ []string, t target) error {
			var all struct{ Sessions []browserSession }
			if err := ask(cmd.Context(), t, http.MethodGet, "/hearth/v1/sessions", nil, &all); err != nil {
				return err
			}
			return printSessions(cmd.OutOrStdout(), all.Sessions)
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func printSessions(out io.Writer, sessions []browserSession) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tWHERE\tWHO\tBY\tSIGNED IN\tLAST USED\tUNTIL\tFROM")
	for _, s := range sessions {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, orElse(s.Grafana, "console"), orElse(s.Login, s.Principal), s.Provider,
			s.Created.Format(time.RFC3339), s.Seen.Format(time.RFC3339), s.Expires.Format(time.RFC3339), s.Remote)
	}
	return w.Flush()
}

func newSessionsRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke SESSION_ID",
		Short: "End a session at once",
		Args:  exactly(1, "one SESSION_ID"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			return ask(cmd.Context(), t, http.MethodDelete, "/hearth/v1/sessions/"+url.PathEscape(args[0]), nil, nil)
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func newUI() *cobra.Command {
	cmd := &cobra.Command{Use: "ui", Short: "The console in the browser"}
	cmd.AddCommand(newLoginLink())
	return cmd
}

func newLoginLink() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login-link",
		Short: "Print a link that opens the console once, as whoever has the keys",
		Long: `Print a link that signs a browser in to the console, once and within 15 minutes,
as the owner of the access key in use: root, or the user of AWS_ACCESS_KEY_ID.`,
		Args: exactly(0, "no arguments"),
		RunE: withTarget(func(cmd *cobra.Command, _ []string, t target) error {
			var made struct{ URL string }
			if err := ask(cmd.Context(), t, http.MethodPost, "/hearth/v1/login-links", map[string]any{}, &made); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), made.URL)
			return err
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}
