package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// residentMiB is the program's resident memory.
func (r *running) residentMiB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no VmRSS in\n%s", status)
	}
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kb >> 10
}

// claims is a snappy block whose header says n bytes.
func claims(n uint64, rest string) []byte {
	return append(binary.AppendUvarint(nil, n), rest...)
}

func marshal(t *testing.T, m interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return snappy.Encode(nil, b)
}

func with(h http.Header, name, value string) http.Header {
	h = h.Clone()
	h.Set(name, value)
	return h
}

// TestBadWrites sends what no sender should: each gets a 4xx with a sentence, and
// the program stays small and well.
func TestBadWrites(t *testing.T) {
	r := startHearth(t)
	bad, good := r.create(t, "bad"), r.create(t, "good")
	now := time.Now().UnixMilli()
	v1 := func(ts ...prompb.TimeSeries) []byte { return marshal(t, &prompb.WriteRequest{Timeseries: ts}) }
	v2 := marshal(t, &writev2.Request{Symbols: []string{"", "__name__", "m"}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{1, 2}, Samples: []writev2.Sample{{Timestamp: now, Value: 1}}}}})
	v2type := with(with(remoteWrite1, "Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"), "X-Prometheus-Remote-Write-Version", "2.0.0")
	before := r.residentMiB(t)
	for _, c := range []struct {
		name   string
		header http.Header
		body   []byte
		code   int
	}{
		{"no snappy", remoteWrite1, []byte("hello"), 400},
		{"empty body", remoteWrite1, nil, 400},
		{"claims 4 GiB", remoteWrite1, claims(4<<30-1, "\x00"), 0},
		{"claims 63 bits", remoteWrite1, claims(1<<62, "\x00"), 0},
		{"truncated snappy", remoteWrite1, v1(one(now, 1, "__name__", "a"))[:8], 400},
		{"garbage inside", remoteWrite1, snappy.Encode(nil, bytes.Repeat([]byte{0xff}, 1000)), 400},
		{"eight million empty series", remoteWrite1, snappy.Encode(nil, bytes.Repeat([]byte{0x0a, 0x00}, 8_000_000)), 0},
		{"bomb of zeros", remoteWrite1, snappy.Encode(nil, make([]byte, 60<<20)), 0},
		{"label of 10 MiB", remoteWrite1, v1(one(now, 1, "__name__", "a", "big", strings.Repeat("x", 10<<20))), 0},
		{"invalid UTF-8", remoteWrite1, v1(one(now, 1, "__name__", "a\xff")), 400},
		{"no metric name", remoteWrite1, v1(one(now, 1, "job", "x")), 400},
		{"empty metric name", remoteWrite1, v1(one(now, 1, "__name__", "")), 400},
		{"no labels", remoteWrite1, v1(one(now, 1)), 400},
		{"label twice", remoteWrite1, v1(one(now, 1, "__name__", "a", "x", "1", "x", "2")), 400},
		{"year 9999", remoteWrite1, v1(one(253402300799000, 1, "__name__", "a")), 400},
		{"v2 body as v1", remoteWrite1, v2, 400},
		{"v1 body as v2", v2type, v1(one(now, 1, "__name__", "a")), 400},
		{"JSON", with(remoteWrite1, "Content-Type", "application/json"), []byte("{}"), 415},
		{"unknown message", with(remoteWrite1, "Content-Type", "application/x-protobuf;proto=x.Y"), v2, 415},
		{"gzip", with(remoteWrite1, "Content-Encoding", "gzip"), v2, 415},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, answer := r.call(t.Context(), "POST", "/workspaces/"+bad+"/api/v1/remote_write", "aps", c.header, c.body)
			if code/100 != 4 || (c.code != 0 && code != c.code) {
				t.Errorf("%d %s; want %d", code, answer, c.code)
			}
			if len(bytes.Fields(answer)) < 3 {
				t.Errorf("%d %q: want a sentence", code, answer)
			}
		})
	}
	if grown := r.residentMiB(t) - before; grown > 512 {
		t.Errorf("bad requests left %d MiB more in memory, want at most 512", grown)
	}
	if code, answer := r.write(t.Context(), good, []prompb.TimeSeries{one(now, 1, "__name__", "a")}); code != http.StatusOK {
		t.Errorf("a good write afterwards: %d %s", code, answer)
	}
}

// TestBadQueries asks what would take a bare engine down.
func TestBadQueries(t *testing.T) {
	r := startHearth(t)
	ws := r.create(t, "queried")
	now := time.Now().UnixMilli()
	if code, answer := r.write(t.Context(), ws, []prompb.TimeSeries{one(now, 1, "__name__", "a")}); code != http.StatusOK {
		t.Fatalf("write: %d %s", code, answer)
	}
	before := r.residentMiB(t)
	for name, expr := range map[string]string{
		"subquery steps": "count_over_time(vector(1)[1y:1ms])",
		"nested":         "max_over_time(max_over_time(max_over_time(vector(1)[1d:10s])[1d:10s])[1d:10s])",
		"parentheses":    strings.Repeat("(", 200_000) + "1" + strings.Repeat(")", 200_000),
		"deep":           strings.Repeat("abs(", 1000) + "a" + strings.Repeat(")", 1000),
		"minus signs":    strings.Repeat("-", 60_000) + "1",
		"no expression":  "sum by (",
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(url.Values{"query": {expr}}.Encode())
			form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			code, _, answer := r.call(t.Context(), "POST", "/workspaces/"+ws+"/api/v1/query", "aps", form, body)
			if code/100 != 4 {
				t.Errorf("%d %.300s; want 4xx", code, answer)
			}
			if !bytes.Contains(answer, []byte(`"status":"error"`)) && code != http.StatusRequestEntityTooLarge {
				t.Errorf("%d %.300s: want Prometheus' envelope", code, answer)
			}
		})
	}
	if grown := r.residentMiB(t) - before; grown > 512 {
		t.Errorf("bad queries left %d MiB more in memory, want at most 512", grown)
	}
	if _, result := r.query(t, ws, "a"); result == "[]" {
		t.Error("a good query afterwards finds nothing")
	}
}

// TestSlowConnections opens ten thousand connections that never finish a request.
func TestSlowConnections(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	r := startHearth(t)
	ws := r.create(t, "patient")
	before := r.residentMiB(t)
	addr := strings.TrimPrefix(r.URL, "http://")
	for i := range n {
		c, err := net.DialTimeout("tcp", addr, time.Minute)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := fmt.Fprintf(c, "POST /workspaces/%s/api/v1/remote_write HTTP/1.1\r\nHost: x\r\nX-Slow: ", ws); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	if code, answer := r.write(t.Context(), ws, []prompb.TimeSeries{one(time.Now().UnixMilli(), 1, "__name__", "a")}); code != http.StatusOK {
		t.Errorf("a write beside %d slow connections: %d %s", n, code, answer)
	}
	if grown := r.residentMiB(t) - before; grown > 512 {
		t.Errorf("%d slow connections cost %d MiB, want at most 512", n, grown)
	}
}
