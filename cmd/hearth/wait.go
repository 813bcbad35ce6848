package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newWait() *cobra.Command {
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until Hearth is ready: for scripts, CI and health checks",
		Long: `Wait until the Hearth at --web.listen-address, else at AWS_ENDPOINT_URL, says that it
is ready, and end with 0; with 1 if it does not within --timeout.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			if limit <= 0 {
				return misuse{fmt.Errorf("timeout: %s is no time to wait: say --timeout=30s", limit)}
			}
			return waitReady(cmd.Context(), &c, limit, cmd.OutOrStdout())
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.Flags().DurationVar(&limit, "timeout", 30*time.Second, "how long to wait")
	return cmd
}

// waitEvery is how often a Hearth that is not ready is asked again.
const waitEvery = 100 * time.Millisecond

// waitReady returns nil once /-/ready answers 200.
func waitReady(ctx context.Context, c *Config, limit time.Duration, out io.Writer) error {
	url := c.ownURL(c.Web.ListenAddress)
	if there := endpointOfEnvironment(); there != "" && c.namesNoAddress() {
		url = there
	}
	client := &http.Client{}
	if c.Web.ConfigFile != "" {
		// Its certificate is for the name that others know it by. Nothing is sent, and
		// no more is believed than that it is ready.
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	again := time.NewTicker(waitEvery)
	defer again.Stop()
	last := errors.New("no answer")
	for {
		err := askReady(limited, client, url)
		if err == nil {
			fmt.Fprintf(out, "Hearth is ready at %s\n", url)
			return nil
		}
		if limited.Err() == nil {
			last = err
		}
		select {
		case <-limited.Done():
			if err := ctx.Err(); err != nil {
				return err
			}
			return fmt.Errorf("no Hearth is ready at %s after %s: %w", url, limit, last)
		case <-again.C:
		}
	}
}

// askReady is nil if Hearth is, and what it is busy with otherwise.
func askReady(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/-/ready", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", res.Status, firstLine(string(text)))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
