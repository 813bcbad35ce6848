package main

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// TestWhyRejectedSample refuses a late sample and asks the ledger about it.
func TestWhyRejectedSample(t *testing.T) {
	r := startHearth(t)
	ws := r.create(t, "late")
	newest := time.Now().Truncate(time.Second)
	late := newest.Add(-10 * time.Minute)
	if code, answer := r.write(t.Context(), ws, []prompb.TimeSeries{one(newest.UnixMilli(), 1, "__name__", "tea_celsius", "pot", "blue")}); code != http.StatusOK {
		t.Fatalf("write: %d %s", code, answer)
	}
	body, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		one(late.UnixMilli(), 2, "__name__", "tea_celsius", "pot", "blue"),
		one(newest.UnixMilli(), 3, "__name__", "tea_celsius", "pot", "red"),
	}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	code, header, answer := r.call(t.Context(), "POST", "/workspaces/"+ws+"/api/v1/remote_write", "aps", remoteWrite1, snappy.Encode(nil, body))
	if code != http.StatusBadRequest || !strings.Contains(string(answer), "tea_celsius") || !strings.Contains(string(answer), "blue") {
		t.Errorf("a late sample: %d %s; want 400 naming the series", code, answer)
	}
	if _, result := r.query(t, ws, `tea_celsius{pot="red"}`); result == "[]" {
		t.Error("the good sample beside the refused one is not stored")
	}

	why := exec.Command("hearth", "why", header.Get("x-amzn-RequestId"))
	why.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+r.URL, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1")
	out, err := why.CombinedOutput()
	if err != nil {
		t.Fatalf("hearth why: %v\n%s", err, out)
	}
	stamp := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05") }
	for _, want := range []string{"tea_celsius", `pot="blue"`, stamp(late), stamp(newest), "sample-too-old"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("hearth why does not say %q:\n%s", want, out)
		}
	}
}
