package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

// maxProxied is the largest body that is signed.
const maxProxied = 64 << 20

type proxyOptions struct {
	listen, target, service, region string
	insecure                        bool
}

func newProxy() *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Sign requests of tools that cannot, for a Hearth elsewhere or for AWS",
		Long: `Listen on this machine, sign what comes with SigV4 and pass it on to --target.
The keys are those the AWS SDK finds: AWS_ACCESS_KEY_ID, profiles, web identity.

  hearth proxy --target https://aps-workspaces.eu-west-1.amazonaws.com --region eu-west-1
  promtool query instant http://127.0.0.1:4751/workspaces/ws-…/ up`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return proxy(cmd.Context(), cmd.OutOrStdout(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen-address", "127.0.0.1:4751", "address to listen on; whoever reaches it acts with your keys")
	f.StringVar(&o.target, "target", "", "URL to pass requests on to")
	f.StringVar(&o.service, "service", "aps", "service to sign for")
	f.StringVar(&o.region, "region", "", "region to sign for; default: the SDK's")
	f.BoolVar(&o.insecure, "insecure", false, "allow an address that other machines reach")
	return cmd
}

func proxy(ctx context.Context, out io.Writer, o proxyOptions) error {
	target, err := url.Parse(o.target)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return misuse{fmt.Errorf("target: %q is not a URL such as https://metrics.example", o.target)}
	}
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil || !isLoopback(host) && !o.insecure {
		return misuse{fmt.Errorf("listen-address: %q is not an address of this machine alone; whoever reaches it acts with your keys: --insecure allows it", o.listen)}
	}
	c, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("find AWS credentials: %w", err)
	}
	region := orElse(o.region, c.Region)
	if region == "" {
		return misuse{errors.New("region: none is configured: give --region")}
	}
	s := &signer{target: target, service: o.service, region: region, credentials: c.Credentials, signer: v4.NewSigner()}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(out, "signing for %s in %s at http://%s\n", o.service, region, l.Addr())
	return serveUntil(ctx, l, notPages(!o.insecure, s.handler()))
}

// notPages refuses what pages of the web have a browser on this machine ask: a page
// whose name was made to lead here, and one of another site that posts.
func notPages(ownHost bool, next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = strings.Trim(r.Host, "[]")
		}
		if cross.Check(r) != nil || ownHost && !isLoopback(host) {
			http.Error(w, "hearth proxy: the request comes from a page of the web, or is not addressed to this machine", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(late)
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A signer passes requests on with a signature of its own.
type signer struct {
	target          *url.URL
	service, region string
	credentials     aws.CredentialsProvider
	signer          *v4.Signer
}

func (s *signer) handler() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:   func(p *httputil.ProxyRequest) { s.rewrite(p) },
		Transport: s,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "hearth proxy: "+err.Error(), http.StatusBadGateway)
		},
	}
}

// rewrite takes the headers off that would be signed and then changed, or that
// belong to somebody else's authentication.
func (s *signer) rewrite(p *httputil.ProxyRequest) {
	p.SetURL(s.target)
	p.Out.Host = s.target.Host
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Cookie"} {
		p.Out.Header.Del(name)
	}
}

// RoundTrip signs the request over its whole body, and sends it.
func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	keys, err := s.credentials.Retrieve(r.Context())
	if err != nil {
		return nil, fmt.Errorf("find AWS credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := s.signer.SignHTTP(r.Context(), keys, r, hex.EncodeToString(sum[:]), s.service, s.region, time.Now()); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxProxied+1))
	_ = r.Body.Close()
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxProxied:
		return nil, fmt.Errorf("the body is larger than %d bytes", maxProxied)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		r.Body = http.NoBody
	}
	return body, nil
}
