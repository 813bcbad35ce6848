package scraper

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// A series that a target no longer has ends, one with times of its own only if the job
// says so; a target that discovery no longer has ends with all its series.
func TestStaleness(t *testing.T) {
	b := newBed(t, nil)
	b.run()
	var less, none atomic.Bool
	target := handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, "staying 1\n")
		if !less.Load() {
			fmt.Fprintf(w, "plain 2\nstamped 3 %d\n", time.Now().UnixMilli())
		}
	})
	server := handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if none.Load() {
			_, _ = io.WriteString(w, "[]")
			return
		}
		fmt.Fprintf(w, `[{"targets": [%q]}]`, target)
	})
	job := func(name, more string) string {
		return "- job_name: " + name + "\n  http_sd_configs: [{url: 'http://" + server + "/', refresh_interval: 100ms}]\n" + more
	}
	b.create("global: {scrape_interval: 200ms}\nscrape_configs:\n" + job("tracked", "  track_timestamps_staleness: true\n") + job("untracked", "") + job("restamped", "  honor_timestamps: false\n"))
	jobs := []string{"tracked", "untracked", "restamped"}
	for _, j := range jobs {
		b.until("samples of "+j, func() bool { return b.into.has(2, `"plain"`, `"`+j+`"`) && b.into.has(3, `"stamped"`, `"`+j+`"`) })
	}
	less.Store(true)
	for _, j := range jobs {
		b.until("plain ends in "+j, func() bool { return b.into.has(math.NaN(), `"plain"`, `"`+j+`"`) })
	}
	for _, j := range []string{"tracked", "restamped"} {
		b.until("stamped ends in "+j, func() bool { return b.into.has(math.NaN(), `"stamped"`, `"`+j+`"`) })
	}
	none.Store(true)
	for _, j := range jobs {
		b.until("the target ends in "+j, func() bool {
			return b.into.has(math.NaN(), `"staying"`, `"`+j+`"`) && b.into.has(math.NaN(), `"up"`, `"`+j+`"`)
		})
	}
	if b.into.has(math.NaN(), `"stamped"`, `"untracked"`) {
		t.Error("a series with times of its own got a marker")
	}
}
