package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Types of errors about an API server that does not do what it is asked. The kind
// is Unavailable if it was not reached, and Invalid if it refuses.
const (
	UnreachableType   = "api server"
	CredentialsType   = "credentials"
	ImpersonationType = "impersonation"
	ForbiddenType     = "forbidden"
)

const (
	maxAnswer   = 4 << 20          // bytes of an API server's answer that are read
	askPatience = 15 * time.Second // for one question, unless Options say otherwise
)

// A wire asks one API server small questions as one identity.
type wire struct {
	name     string // of the cluster
	server   *url.URL
	secret   secret
	patience time.Duration // for one question
	send     func(*http.Request) (*http.Response, error)
}

func (l *link) wire(name string, as Identity) *wire {
	return &wire{name: name, server: l.server, patience: l.patience, secret: secret{l.access.Token, l.access.Password}, send: func(req *http.Request) (*http.Response, error) { return l.send(req, as) }}
}

// wire returns one to a registered cluster.
func (r *Room) wire(ctx context.Context, arn hearth.ARN, as Identity) (*wire, error) {
	l, err := r.link(ctx, arn)
	if err != nil {
		return nil, err
	}
	return l.wire(nameOf(arn), as), nil
}

// A refusal is an answer that is no success.
type refusal struct {
	status  int
	message string // the API server's
}

func (f *refusal) Error() string { return fmt.Sprintf("%d: %s", f.status, f.message) }

// statusOf is the HTTP status of an API server's refusal; 0 for any other error.
func statusOf(err error) int {
	if f, ok := errors.AsType[*refusal](err); ok {
		return f.status
	}
	return 0
}

// ask makes one request and decodes the answer into out unless that is nil. The
// time of the API server's clock is returned whenever it answers.
func (w *wire) ask(ctx context.Context, method, path string, in, out any) (at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	req, err := w.request(ctx, method, path, in)
	if err != nil {
		return at, err
	}
	res, err := w.send(req)
	if err != nil {
		return at, w.explain(err)
	}
	defer res.Body.Close()
	at, _ = http.ParseTime(res.Header.Get("Date"))
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return at, w.explain(err)
	case len(text) > maxAnswer:
		return at, w.explain(fmt.Errorf("its answer to %s is longer than %d bytes", path, maxAnswer))
	case res.StatusCode/100 != 2:
		return at, w.explain(&refusal{res.StatusCode, clip(w.secret.without(messageIn(text, http.StatusText(res.StatusCode))))})
	case out == nil:
		return at, nil
	}
	err = json.Unmarshal(text, out)
	switch {
	case err != nil && ctx.Err() != nil: // the answer was cut off when time was up
		return at, w.explain(ctx.Err())
	case err != nil:
		return at, w.explain(fmt.Errorf("its answer to %s is not what Kubernetes answers: %w", path, err))
	}
	return at, nil
}

func (w *wire) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, w.server.String()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, */*;q=0.5") // key sets have a type of their own
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// A secret is what no text may tell, whatever an API server says.
type secret [2]string

func (s secret) without(text string) string {
	for _, part := range s {
		if part != "" {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	return text
}

// messageIn is what a Kubernetes status says.
func messageIn(text []byte, otherwise string) string {
	var status struct{ Message string }
	if json.Unmarshal(text, &status) == nil && status.Message != "" {
		return status.Message
	}
	return otherwise
}

// explain tells the cluster's owner what is wrong and what to do.
func (w *wire) explain(err error) error {
	if _, ok := errors.AsType[*hearth.Error](err); ok {
		return err
	}
	e := &hearth.Error{Kind: hearth.Invalid, Resource: w.name, Err: err}
	refused, _ := errors.AsType[*refusal](err)
	switch {
	case refused == nil:
		e.Kind, e.Type = hearth.Unavailable, UnreachableType
		e.Msg = fmt.Sprintf("The API server of cluster %s at %s cannot be reached: %s", w.name, w.server, cause(err))
	case refused.status == http.StatusUnauthorized:
		e.Type = CredentialsType
		e.Msg = fmt.Sprintf("The API server of cluster %s does not accept the kubeconfig's credentials (401 Unauthorized): they are wrong or have expired. hearth cluster update %s --kubeconfig FILE gives it new ones", w.name, w.name)
	case refused.status == http.StatusForbidden:
		e.Type = ForbiddenType
		e.Msg = fmt.Sprintf("The API server of cluster %s forbids it: %s", w.name, refused.message)
	default:
		e.Kind, e.Type = hearth.Unavailable, UnreachableType
		e.Msg = fmt.Sprintf("The API server of cluster %s answers %d: %s", w.name, refused.status, refused.message)
	}
	return e
}

// cause is an error of a connection without the request around it.
func cause(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "it does not answer in time"
	}
	return clip(err.Error())
}
