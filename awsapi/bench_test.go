package awsapi

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkRemoteWrite is what the front door costs a remote write of the size
// Prometheus sends, hashing included; BenchmarkHash is the hashing alone.
func BenchmarkRemoteWrite(b *testing.B) {
	for _, size := range []int{0, 60 << 10} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			d := openDoor(b, nil)
			d.opts.Ingest = noIngest{}
			w := d.workspaceOf(alice, "us-west-2", "kitchen")
			body := strings.Repeat("x", size)
			a := ask{by: &alice, method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write", body: body,
				header: map[string]string{
					"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
					"X-Prometheus-Remote-Write-Version": "0.1.0", "User-Agent": "Prometheus/2.42.0",
				}}
			r := a.request(b)
			src := bytes.NewReader([]byte(body))
			r.Body = io.NopCloser(src)
			rec := &discard{header: http.Header{}}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = src.Seek(0, io.SeekStart)
				rec.status = 0
				d.ServeHTTP(rec, r)
				if rec.status != http.StatusOK {
					b.Fatal(rec.status)
				}
			}
		})
	}
}

// BenchmarkSession is what it costs to prove and judge an empty remote write of a
// role's session: token, signature, the role's policy.
func BenchmarkSession(b *testing.B) {
	d, people := storytellers(b)
	d.opts.Ingest = noIngest{}
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	r := ask{by: &people[1], method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}.request(b)
	rec := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		rec.status = 0
		d.ServeHTTP(rec, r)
		if rec.status != http.StatusOK {
			b.Fatal(rec.status)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 60<<10)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		sha256.Sum256(body)
	}
}

type noIngest struct{}

func (noIngest) RemoteWrite(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
func (noIngest) OTLP(w http.ResponseWriter, _ *http.Request)        { w.WriteHeader(http.StatusOK) }

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
