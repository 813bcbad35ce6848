package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/scraper"
)

func newWhy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why [ID]",
		Short: "Explain what happened: a refused request, rejected samples, an alert, a scraper that brings nothing",
		Long: `Ask a running Hearth what its ledger has. Without ID the latest events of the account
are listed, refusals with the ids of their requests. ID is what a response carried as
x-amzn-RequestId, the id of a delivery, that of a workspace, whose latest
events are listed then, or that of a scraper: then it is told how far its targets and
samples come, and the exit code is 1 if none arrive. The endpoint and the keys are those of
AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY if set, else those
of a profile that hearth env --write-profile made, if AWS_PROFILE names one, else
those of hearth env.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse{fmt.Errorf("%s: want at most one ID, of a request, a delivery, a workspace or a scraper", c.CommandPath())}
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
			if len(args) == 0 {
				return whyLatest(cmd.Context(), cmd.OutOrStdout(), t)
			}
			return why(cmd.Context(), cmd.OutOrStdout(), t, args[0])
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.AddCommand(newWhyDelivery(), newWhyAlert())
	return cmd
}

func whyTarget(ctx context.Context, c *Config) (target, error) {
	t := target{
		URL:    endpointOfEnvironment(),
		Region: orElse(os.Getenv("AWS_REGION"), c.AWS.Region),
		Keys:   keyPair{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")},
		Token:  os.Getenv("AWS_SESSION_TOKEN"),
	}
	if t.URL != "" && t.Keys.ID != "" && t.Keys.Secret != "" {
		return t, nil
	}
	if c.tellsNoPlace() {
		if t, ok, err := targetOfProfile(); ok || err != nil {
			return t, err
		}
	}
	return findTarget(ctx, c)
}

func why(ctx context.Context, out io.Writer, t target, id string) error {
	if ws, ok := hearth.ParseWorkspaceID(id); ok {
		return whyWorkspace(ctx, out, t, ws)
	}
	if scraper.IsID(id) {
		return whyScraper(ctx, out, t, id)
	}
	events, err := eventsOf(ctx, t, id)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("the ledger has nothing about request %s: it was not refused, or so long ago that its lines are gone", id)
	}
	_, err = io.WriteString(out, ledger.Explain(events))
	return err
}

// latest is how many events are listed.
const latest = "30"

// whyLatest lists what happened last in the account: the aws CLI shows no request ids.
func whyLatest(ctx context.Context, out io.Writer, t target) error {
	events, err := fetchEvents(ctx, t, url.Values{"limit": {latest}})
	if err != nil {
		return err
	}
	if len(events) == 0 {
		fmt.Fprintln(out, "Nothing was refused or changed yet.")
		return nil
	}
	_, err = io.WriteString(out, ledger.List(events))
	return err
}

// whyWorkspace lists what happened last in a workspace.
func whyWorkspace(ctx context.Context, out io.Writer, t target, ws hearth.WorkspaceID) error {
	events, err := fetchEvents(ctx, t, url.Values{"workspace": {string(ws)}, "limit": {latest}})
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("the ledger has nothing about workspace %s: nothing was refused or changed there, or you may not read of it", ws)
	}
	_, err = io.WriteString(out, ledger.List(events))
	return err
}

// eventsOf are the events of a request or a delivery, and of the message that it
// was published as.
func eventsOf(ctx context.Context, t target, id string) ([]hearth.Event, error) {
	events, err := fetchEvents(ctx, t, url.Values{"request_id": {id}})
	if err != nil {
		return nil, err
	}
	messages, err := messagesOf(ctx, t, events)
	return append(events, messages...), err
}

// maxMessages is how many messages are followed.
const maxMessages = 20

// messagesOf are the events of the messages that notifications were published as.
func messagesOf(ctx context.Context, t target, events []hearth.Event) ([]hearth.Event, error) {
	var all []hearth.Event
	seen := map[string]bool{}
	for _, e := range events {
		id := e.Detail(hearth.DetailMessage)
		if id == "" || seen[id] || len(seen) == maxMessages {
			continue
		}
		seen[id] = true
		found, err := fetchEvents(ctx, t, url.Values{"request_id": {id}})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// fetchEvents reads the ledger, newest first.
func fetchEvents(ctx context.Context, t target, q url.Values) ([]hearth.Event, error) {
	var answer struct {
		Events []struct {
			hearth.Event
			WorkspaceID hearth.WorkspaceID
		}
	}
	if _, err := t.ask(ctx, http.MethodGet, "hearth", "/hearth/v1/events", q, nil, &answer); err != nil {
		return nil, err
	}
	events := make([]hearth.Event, len(answer.Events))
	for i, e := range answer.Events {
		events[i] = e.Event
		events[i].Workspace = e.WorkspaceID
	}
	return events, nil
}

// sign adds an AWS Signature Version 4 of the target's keys.
func sign(ctx context.Context, req *http.Request, t target, service string, body []byte) error {
	sum := sha256.Sum256(body)
	err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: t.Keys.ID, SecretAccessKey: t.Keys.Secret, SessionToken: t.Token},
		req, hex.EncodeToString(sum[:]), service, t.Region, time.Now())
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	return nil
}
