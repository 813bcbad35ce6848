package sigv4

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// signPayload signs r with payload standing for the body.
func signPayload(t testing.TB, r *http.Request, payload string) {
	t.Helper()
	r.Header.Set("X-Amz-Date", stamp(exampleTime))
	s := &Signature{AccessKeyID: "AKIDEXAMPLE", Date: exampleTime.Format(dateLayout), Region: "r", Service: "aps", Time: exampleTime, SignedHeaders: []string{"host", "x-amz-date"}}
	p := proof{r: r, s: s, key: derive(s, exampleSecret)}
	p.holds(specReading(r, s), payload)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"+s.Scope()+",SignedHeaders=host;x-amz-date,Signature="+hex.EncodeToString(p.buf))
}

const (
	goodCredential = "Credential=k/20150830/r/aps/aws4_request"
	goodHeaders    = "SignedHeaders=host;x-amz-date"
)

var goodSignature = "Signature=" + strings.Repeat("0a", 32)

func TestParseHeader(t *testing.T) {
	join := func(parts ...string) string { return algorithm + " " + strings.Join(parts, ", ") }
	for _, c := range []struct {
		name, auth, date string
		want             string // in the error; empty if it parses
	}{
		{"good", join(goodCredential, goodHeaders, goodSignature), "20150830T123600Z", ""},
		{"no blanks, other order", algorithm + " " + goodSignature + "," + goodHeaders + "," + goodCredential, "20150830T123600Z", ""},
		{"empty region", join("Credential=k/20150830//aps/aws4_request", goodHeaders, goodSignature), "20150830T123600Z", ""},
		{"algorithm only", algorithm, "20150830T123600Z", "requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."},
		{"no credential", join(goodHeaders, goodSignature), "20150830T123600Z", "requires 'Credential'"},
		{"no signature", join(goodCredential, goodHeaders), "20150830T123600Z", "requires 'Signature'"},
		{"no signed headers", join(goodCredential, goodSignature), "20150830T123600Z", "requires 'SignedHeaders'"},
		{"no date", join(goodCredential, goodHeaders, goodSignature), "", "'X-Amz-Date' or a 'Date'"},
		{"bad date", join(goodCredential, goodHeaders, goodSignature), "2015-08-30", "'X-Amz-Date' or a 'Date'"},
		{"fractions", join(goodCredential, goodHeaders, goodSignature), "20150830T123600.5Z", "'X-Amz-Date' or a 'Date'"},
		{"four elements", join("Credential=k/20150830/aps/aws4_request", goodHeaders, goodSignature), "20150830T123600Z", "exactly 5"},
		{"six elements", join("Credential=k/x/20150830/r/aps/aws4_request", goodHeaders, goodSignature), "20150830T123600Z", "exactly 5"},
		{"no key", join("Credential=/20150830/r/aps/aws4_request", goodHeaders, goodSignature), "20150830T123600Z", "exactly 5"},
		{"no service", join("Credential=k/20150830/r//aws4_request", goodHeaders, goodSignature), "20150830T123600Z", "exactly 5"},
		{"terminator", join("Credential=k/20150830/r/aps/aws5_request", goodHeaders, goodSignature), "20150830T123600Z", "aws4_request"},
		{"unprintable", join("Credential=k\xff/20150830/r/aps/aws4_request", goodHeaders, goodSignature), "20150830T123600Z", "exactly 5"},
		{"long part", join("Credential="+strings.Repeat("k", 200)+"/20150830/r/aps/aws4_request", goodHeaders, goodSignature), "20150830T123600Z", "exactly 5"},
		{"short signature", join(goodCredential, goodHeaders, "Signature=0a"), "20150830T123600Z", "64 hexadecimal"},
		{"long signature", join(goodCredential, goodHeaders, goodSignature+"00"), "20150830T123600Z", "64 hexadecimal"},
		{"odd signature", join(goodCredential, goodHeaders, "Signature="+strings.Repeat("zz", 32)), "20150830T123600Z", "64 hexadecimal"},
		{"given twice", join(goodCredential, goodCredential, goodHeaders, goodSignature), "20150830T123600Z", "given twice"},
		{"host not signed", join(goodCredential, "SignedHeaders=x-amz-date", goodSignature), "20150830T123600Z", "'Host' must be a 'SignedHeader'"},
		{"upper case", join(goodCredential, "SignedHeaders=Host;x-amz-date", goodSignature), "20150830T123600Z", "lower case"},
		{"repeated name", join(goodCredential, "SignedHeaders=host;host", goodSignature), "20150830T123600Z", "once"},
		{"empty name", join(goodCredential, "SignedHeaders=host;", goodSignature), "20150830T123600Z", "once"},
		{"many names", join(goodCredential, "SignedHeaders=host"+strings.Repeat(";a", 200), goodSignature), "20150830T123600Z", "too many"},
		{"long", join(goodCredential, "SignedHeaders=host;"+strings.Repeat("a", 20<<10), goodSignature), "20150830T123600Z", "too long"},
		{"version 4a", "AWS4-ECDSA-P256-SHA256 Credential=k", "20150830T123600Z", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'"},
		{"version 2", "AWS AKID:c2ln", "20150830T123600Z", "Unsupported AWS 'algorithm': 'AWS'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest(t, http.MethodGet, "http://h/", nil)
			r.Header.Set("Authorization", c.auth)
			if c.date != "" {
				r.Header.Set("X-Amz-Date", c.date)
			}
			s, err := Parse(r)
			if c.want == "" {
				if err != nil || s.AccessKeyID != "k" || s.Service != "aps" || !s.Time.Equal(exampleTime) || s.Value[31] != 0x0a {
					t.Errorf("Parse = %+v, %v", s, err)
				}
				return
			}
			wantIncomplete(t, s, err, c.want)
		})
	}
}

func wantIncomplete(t *testing.T, s *Signature, err error, want string) {
	t.Helper()
	if _, ok := errors.AsType[*Incomplete](err); !ok || s != nil || hearth.KindOf(err) != hearth.Unauthenticated || !strings.Contains(err.Error(), want) {
		t.Errorf("Parse = %v, %v, want an Incomplete with %q", s, err, want)
	}
}

func TestParseDateHeader(t *testing.T) {
	for _, date := range []string{
		"Sun, 30 Aug 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36:00 -0000", "Sun, 30 Aug 2015 14:36:00 +0200", "20150830T123600Z",
	} {
		r := newRequest(t, http.MethodGet, "http://h/", nil)
		r.Header.Set("Authorization", algorithm+" "+goodCredential+", SignedHeaders=date;host, "+goodSignature)
		r.Header.Set("Date", date)
		if s, err := Parse(r); err != nil || !s.Time.Equal(exampleTime) || s.Time.Format(timeLayout) != "20150830T123600Z" {
			t.Errorf("Date: %s: %+v, %v", date, s, err)
		}
	}
}

func TestParsePresigned(t *testing.T) {
	good := map[string]string{
		"X-Amz-Algorithm": algorithm, "X-Amz-Credential": "k%2F20150830%2Fr%2Faps%2Faws4_request", "X-Amz-Date": "20150830T123600Z",
		"X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host", "X-Amz-Signature": strings.Repeat("0a", 32),
	}
	for _, c := range []struct{ name, param, value, want string }{
		{"good", "", "", ""},
		{"a week", "X-Amz-Expires", "604800", ""},
		{"more than a week", "X-Amz-Expires", "604801", "between 1 and 604800"},
		{"never", "X-Amz-Expires", "0", "between 1 and 604800"},
		{"negative", "X-Amz-Expires", "-1", "between 1 and 604800"},
		{"huge", "X-Amz-Expires", "18446744073709551615", "between 1 and 604800"},
		{"no expiry", "X-Amz-Expires", "-", "'X-Amz-Expires'"},
		{"no algorithm", "X-Amz-Algorithm", "-", "Unsupported"},
		{"no credential", "X-Amz-Credential", "-", "'X-Amz-Credential'"},
		{"no date", "X-Amz-Date", "-", "'X-Amz-Date'"},
		{"no signed headers", "X-Amz-SignedHeaders", "-", "'X-Amz-SignedHeaders'"},
		{"no signature", "X-Amz-Signature", "-", "'X-Amz-Signature'"},
		{"twice", "X-Amz-Date", "20150830T123600Z&X-Amz-Date=20150830T123600Z", "twice"},
		{"not encoded", "X-Amz-Date", "%zz", "percent-encoded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var q []string
			for name, value := range good {
				if name == c.param {
					value = c.value
				}
				if value != "-" {
					q = append(q, name+"="+value)
				}
			}
			s, err := Parse(newRequest(t, http.MethodGet, "http://h/?"+strings.Join(q, "&"), nil))
			if c.want != "" {
				wantIncomplete(t, s, err, c.want)
			} else if err != nil || !s.Presigned || s.AccessKeyID != "k" {
				t.Errorf("Parse = %+v, %v", s, err)
			}
		})
	}
}

func TestPresignedIsForReading(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		s, err := Parse(newRequest(t, method, "http://h/?X-Amz-Signature=0a", nil))
		wantIncomplete(t, s, err, "GET and HEAD")
	}
}

func TestOneSignatureOnly(t *testing.T) {
	r := newRequest(t, http.MethodGet, "http://h/?X-Amz-Signature=0a", nil)
	r.Header.Set("Authorization", algorithm+" "+goodCredential)
	s, err := Parse(r)
	wantIncomplete(t, s, err, "not in both")

	r = newRequest(t, http.MethodGet, "http://h/", nil)
	r.Header["Authorization"] = []string{algorithm + " " + goodCredential, "Bearer x"}
	s, err = Parse(r)
	wantIncomplete(t, s, err, "one 'Authorization' header")
}

func TestPresignedLifetime(t *testing.T) {
	r := newRequest(t, http.MethodGet, "http://h/?query=up", nil)
	s := &Signature{Presigned: true, AccessKeyID: "k", Date: "20150830", Region: "r", Service: "aps", Time: exampleTime, Expires: time.Hour, SignedHeaders: []string{"host"}}
	p := proof{r: r, s: s, key: derive(s, exampleSecret)}
	p.holds(specReading(r, s), emptySHA256)
	copy(s.Value[:], p.buf)
	for off, ok := range map[time.Duration]bool{
		-MaxSkew - time.Second: false, -MaxSkew: true, 0: true, time.Hour: true, time.Hour + time.Second: false,
	} {
		err := new(Verifier).Verify(s, r, Known{Secret: exampleSecret, Body: BodyOf(nil), Now: exampleTime.Add(off)})
		if (err == nil) != ok {
			t.Errorf("clock at %v: %v", off, err)
		}
	}
}
