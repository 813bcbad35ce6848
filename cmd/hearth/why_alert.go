package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
)

func newWhyAlert() *cobra.Command {
	var workspace, at string
	cmd := &cobra.Command{
		Use:   "alert NAME [LABEL=VALUE…]",
		Short: "Tell how far an alert came on its way from its rule to a person, and where the way ends",
		Long: `Ask a running Hearth for the chain of an alert: whether its rule is evaluated,
what the expression gives, how long it was true of "for", where the alert
manager sent it, what holds it back, and whether it was delivered. With --at the
answer is that of a moment in the past, as far back as the ledger goes. The exit
code is 1 if the way of an alert is broken, also by a condition that does not hold.

The workspace is the only one you have, unless --workspace names it. Endpoint and
keys are found as by hearth why.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{fmt.Errorf("%s: want the NAME of an alert", c.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			t, err := whyTarget(cmd.Context(), &c)
			if err != nil {
				return err
			}
			labels, err := pairs(args[1:])
			if err != nil {
				return err
			}
			when, err := whenAsked(at, time.Now())
			if err != nil {
				return misuse{fmt.Errorf("--at: %w", err)}
			}
			q := alertQuestion{target: t, name: args[0], labels: labels, at: when, past: at != ""}
			return q.answer(cmd.Context(), cmd.OutOrStdout(), workspace)
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.Flags().StringVar(&workspace, "workspace", "", "id or alias of the workspace")
	cmd.Flags().StringVar(&at, "at", "", "the moment to ask about: 2006-01-02T15:04:05Z, or 2h for two hours ago")
	return cmd
}

// whenAsked reads a time, or how long ago it was; empty is now.
func whenAsked(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a time such as 2006-01-02T15:04:05Z nor how long ago, such as 2h", text)
	}
	return at, nil
}

// An alertQuestion is about the alerts of one name.
type alertQuestion struct {
	target
	name      string
	labels    map[string]string
	at        time.Time
	past      bool
	workspace hearth.WorkspaceID
}

func (q *alertQuestion) answer(ctx context.Context, out io.Writer, workspace string) (err error) {
	if q.workspace, err = q.findWorkspace(ctx, workspace); err != nil {
		return err
	}
	a := ledger.Alert{Name: q.name, Labels: q.labels, At: q.at, Past: q.past}
	if a.Rules, err = q.rules(ctx); err != nil {
		return err
	}
	if !q.past {
		if a.Held, a.Definition, err = q.held(ctx); err != nil {
			return err
		}
	}
	a.Events, err = fetchEvents(ctx, q.target, url.Values{
		"workspace": {string(q.workspace)}, "alert": {q.name}, "until": {q.at.UTC().Format(time.RFC3339Nano)}, "limit": {"1000"}})
	if err != nil {
		return err
	}
	if a.Messages, err = messagesOf(ctx, q.target, a.Events); err != nil {
		return err
	}
	text, broken := a.Explain()
	if _, err = io.WriteString(out, text); err == nil && broken {
		err = fmt.Errorf("an alert %s does not come to everyone it should go to", q.name)
	}
	return err
}

// findWorkspace finds a workspace by its id or alias; without either, the only
// one there is.
func (t target) findWorkspace(ctx context.Context, given string) (hearth.WorkspaceID, error) {
	if id, ok := hearth.ParseWorkspaceID(given); ok {
		return id, nil
	}
	var answer struct {
		Workspaces []struct {
			WorkspaceID hearth.WorkspaceID
			Alias       string
		}
	}
	filter := url.Values{}
	if given != "" {
		filter.Set("alias", given)
	}
	if _, err := t.ask(ctx, http.MethodGet, "aps", "/workspaces", filter, nil, &answer); err != nil {
		return "", err
	}
	var found []hearth.WorkspaceID
	var names []string
	for _, w := range answer.Workspaces {
		if given == "" || w.Alias == given {
			found = append(found, w.WorkspaceID)
			names = append(names, fmt.Sprintf("%s (%s)", w.WorkspaceID, w.Alias))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && given != "":
		return "", fmt.Errorf("no workspace has the id or the alias %q", given)
	case len(found) == 0:
		return "", errors.New("there is no workspace: aws amp create-workspace makes one")
	}
	return "", misuse{fmt.Errorf("there are several workspaces: say which with --workspace: %s", strings.Join(names, ", "))}
}

// dataPath is a path of the workspace's data plane.
func (q *alertQuestion) dataPath(path string) string {
	return "/workspaces/" + string(q.workspace) + path
}

// ruleAnswer is a rule as /api/v1/rules has it.
type ruleAnswer struct {
	Name, Query, Health, LastError string
	Duration, KeepFiringFor        float64
	LastEvaluation                 time.Time
	Alerts                         []struct {
		Labels   map[string]string
		State    string
		ActiveAt time.Time
		Value    string
	}
}

// rules are the alerting rules of the name.
func (q *alertQuestion) rules(ctx context.Context) ([]ledger.AlertRule, error) {
	var answer struct {
		Data struct {
			Groups []struct {
				Name, File            string
				Interval, QueryOffset float64
				Rules                 []ruleAnswer
			}
		}
	}
	found, err := q.ask(ctx, http.MethodGet, "aps", q.dataPath("/api/v1/rules"), url.Values{"type": {"alert"}, "rule_name[]": {q.name}}, nil, &answer)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("there is no workspace %s", q.workspace)
	}
	var out []ledger.AlertRule
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			one := ledger.AlertRule{
				Namespace: g.File, Group: g.Name, Query: r.Query, Interval: seconds(g.Interval), Offset: seconds(g.QueryOffset),
				For: seconds(r.Duration), KeepFiring: seconds(r.KeepFiringFor), Health: r.Health, Error: r.LastError, Evaluated: r.LastEvaluation,
			}
			for _, x := range r.Alerts {
				one.Active = append(one.Active, ledger.ActiveAlert{Labels: x.Labels, State: x.State, Since: x.ActiveAt, Value: plainNumber(x.Value)})
			}
			if one.Compared, err = q.compared(ctx, &one); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	return out, nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// plainNumber is 7.2 for 7.2e+00.
func plainNumber(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}
