package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
)

func newWhy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why REQUEST_ID",
		Short: "Explain what happened to a request: why it was refused, which samples were rejected",
		Long: `Ask a running Hearth what its ledger has about a request. REQUEST_ID is what
the response carried as x-amzn-RequestId. The endpoint and the keys are those of
AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY if set, else those
of hearth env.`,
		Args: exactly(1, "one REQUEST_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			t, err := whyTarget(cmd.Context(), &c)
			if err != nil {
				return err
			}
			return why(cmd.Context(), cmd.OutOrStdout(), t, args[0])
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.AddCommand(newWhyDelivery())
	return cmd
}

func whyTarget(ctx context.Context, c *Config) (target, error) {
	t := target{
		URL:    strings.TrimRight(os.Getenv("AWS_ENDPOINT_URL"), "/"),
		Region: orElse(os.Getenv("AWS_REGION"), c.AWS.Region),
		Keys:   keyPair{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")},
		Token:  os.Getenv("AWS_SESSION_TOKEN"),
	}
	if t.URL != "" && t.Keys.ID != "" && t.Keys.Secret != "" {
		return t, nil
	}
	return findTarget(ctx, c)
}

func why(ctx context.Context, out io.Writer, t target, id string) error {
	events, err := fetchEvents(ctx, t, id)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("the ledger has nothing about request %s: it was not refused, or so long ago that its lines are gone", id)
	}
	_, err = io.WriteString(out, ledger.Explain(events))
	return err
}

// maxEventBytes bounds what is read of an answer.
const maxEventBytes = 16 << 20

func fetchEvents(ctx context.Context, t target, id string) ([]hearth.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL+"/hearth/v1/events?"+url.Values{"request_id": {id}}.Encode(), nil)
	if err != nil {
		return nil, misuse{err}
	}
	if err := sign(ctx, req, t, "hearth", nil); err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask Hearth: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxEventBytes))
	if err != nil {
		return nil, fmt.Errorf("ask Hearth: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask Hearth: %s: %s", res.Status, bytes.TrimSpace(body))
	}
	return decodeEvents(body)
}

func decodeEvents(body []byte) ([]hearth.Event, error) {
	var answer struct {
		Events []struct {
			hearth.Event
			WorkspaceID hearth.WorkspaceID
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("ask Hearth: %w", err)
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
