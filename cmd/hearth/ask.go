package main

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
	"syscall"
	"time"
)

// maxAskedBytes bounds what is read of an answer.
const maxAskedBytes = 16 << 20

// refusalOf is what a running Hearth says when it does not do what it is asked: its
// sentence, the code, and the request id by which hearth why knows more.
func refusalOf(res *http.Response, answer []byte) error {
	var told struct{ Message, Error string }
	_ = json.Unmarshal(answer, &told)
	text := strings.TrimSpace(orElse(orElse(told.Message, told.Error), res.Status))
	text, _, _ = strings.Cut(text, "\n\n") // the strings that were signed are for who signs by hand
	code, _, _ := strings.Cut(res.Header.Get("X-Amzn-ErrorType"), ":")
	id := res.Header.Get("X-Amzn-RequestId")
	switch {
	case code == "":
		return errors.New(text)
	case id == "":
		return fmt.Errorf("%s (%s)", text, code)
	}
	return fmt.Errorf("%s (%s, request %s)", text, code, id)
}

// ask asks a running Hearth, signed for the service, and decodes its JSON answer.
// found is false if there is no such thing there.
func (t target) ask(ctx context.Context, method, service, path string, q url.Values, body []byte, into any) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	address := t.URL + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return false, misuse{err}
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := sign(ctx, req, t, service, body); err != nil {
		return false, err
	}
	res, err := http.DefaultClient.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return false, fmt.Errorf("ask Hearth: nothing listens at %s: start it, or say with AWS_ENDPOINT_URL or --web.listen-address where it is", t.URL)
	}
	if err != nil {
		return false, fmt.Errorf("ask Hearth: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAskedBytes))
	if err != nil {
		return false, fmt.Errorf("ask Hearth: %w", err)
	}
	switch {
	case res.StatusCode == http.StatusNotFound:
		return false, nil
	case res.StatusCode/100 != 2:
		return false, refusalOf(res, answer)
	case into == nil || len(answer) == 0:
		return true, nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return false, fmt.Errorf("ask Hearth: %w", err)
	}
	return true, nil
}
