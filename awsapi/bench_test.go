package awsapi

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/iam"
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

// BenchmarkRealisticRole is BenchmarkSession for a role with what roles have: two
// policies of AWS, two of its own with conditions, a boundary, and a policy of the
// workspace. cpu-ns/op is what the process used, however busy the machine is.
func BenchmarkRealisticRole(b *testing.B) {
	d, people := storytellers(b)
	d.opts.Ingest = noIngest{}
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	ctx, a := b.Context(), d.opts.IAM.Account(alice.account)
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	check(a.Attach(ctx, iam.RoleKind, "writer", "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"))
	check(a.PutInline(ctx, iam.RoleKind, "writer", "office", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Action":"aps:Delete*","Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin-*"}}},
		{"Effect":"Deny","NotAction":["aps:*","sts:*"],"Resource":"*"},
		{"Effect":"Allow","Action":["aps:RemoteWrite"],"Resource":"arn:aws:aps:*:*:workspace/*","Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"},"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}}]}`))
	check(a.PutInline(ctx, iam.RoleKind, "writer", "times", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}}},
		{"Effect":"Allow","Action":["aps:List*","aps:Describe*","aps:Get*"],"Resource":"*"}]}`))
	boundary, err := a.CreatePolicy(ctx, iam.PolicyInput{Name: "boundary", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aps:*","sns:*","grafana:*"],"Resource":"*"}]}`})
	check(err)
	check(a.SetBoundary(ctx, iam.RoleKind, "writer", boundary.ARN().String()))
	_, err = d.opts.IAM.PutResourcePolicy(ctx, w.ARN(), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"aps:QueryMetrics","Resource":"*"}]}`, "")
	check(err)
	r := ask{by: &people[1], method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}.request(b)
	rec := &discard{header: http.Header{}}
	b.ReportAllocs()
	began := cpu(b)
	for b.Loop() {
		rec.status = 0
		d.ServeHTTP(rec, r)
		if rec.status != http.StatusOK {
			b.Fatal(rec.status)
		}
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
}

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
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
