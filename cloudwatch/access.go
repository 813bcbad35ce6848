package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithylog "github.com/aws/smithy-go/logging"
)

// Access is who asks AWS, and by which way. The zero value is the process itself
// with the SDK's default chain: environment, profile, web identity, container,
// instance; endpoints follow AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_….
type Access struct {
	// Dial makes connections; nil: as the SDK does.
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)
	Credentials *Credentials // nil: the default chain
	FIPS        bool

	// Itself is where this Hearth is: an AWS_ENDPOINT_URL that leads there is not
	// followed, for it is meant for the clients of Hearth.
	Itself []string

	// Closed leaves the process's own credentials out: without Credentials
	// nothing can be asked.
	Closed bool
}

func (a *Access) client() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost, t.MaxResponseHeaderBytes = defaultConcurrency*2, 64<<10
		if a.Dial != nil {
			t.DialContext, t.Proxy = a.Dial, nil
		}
	})
}

// errClosed is told where neither the scraper nor the operator gave credentials.
var errClosed = errors.New("this scraper has no AWS credentials, and Hearth does not lend its own: give it some with --credentials-file, or start Hearth with --cloudwatch.own-credentials")

const (
	callTimeout = 30 * time.Second // of one HTTP request
	maxAttempts = 5
	maxBackoff  = 5 * time.Second
)

// A gate leads to AWS: clients by role and region, made when first needed, and
// made anew after credentials have failed.
type gate struct {
	access Access
	sts    string
	log    *slog.Logger
	meter  *meter
	limits Concurrency
	now    func() time.Time

	attempts int // of a call that fails in passing; maxAttempts unless a test says otherwise

	mu    sync.Mutex
	base  *aws.Config
	whose map[placeKey]*clients
	names map[Role]*identity
}

type placeKey struct {
	role   Role
	region string
}

func newGate(a Access, c *Config, m *meter, l Concurrency, now func() time.Time, log *slog.Logger) *gate {
	g := &gate{attempts: maxAttempts, access: a, sts: c.STSRegion, log: log, meter: m, limits: l, now: now}
	g.forget()
	return g
}

// forget makes the next call read credentials again.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.base, g.whose, g.names = nil, map[placeKey]*clients{}, map[Role]*identity{}
}

// load reads the configuration that all clients share. g.mu is held.
func (g *gate) load(ctx context.Context) (*aws.Config, error) {
	if g.base != nil {
		return g.base, nil
	}
	if g.access.Closed && g.access.Credentials == nil {
		return nil, errClosed
	}
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithHTTPClient(g.access.client()),
		awsconfig.WithRetryer(g.adaptive),
		awsconfig.WithAPIOptions(g.meter.apiOptions()),
		awsconfig.WithLogger(sdkLog{g.log}),
	}
	options = append(options, g.movedSTS()...)
	own, err := g.own()
	if err != nil {
		return nil, err
	}
	if own != nil {
		options = append(options, awsconfig.WithCredentialsProvider(own.provider()))
		if own.Region != "" {
			options = append(options, awsconfig.WithDefaultRegion(own.Region))
		}
	}
	if g.access.FIPS {
		options = append(options, awsconfig.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	base, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if g.access.leadsHere(aws.ToString(base.BaseEndpoint)) {
		g.log.Warn("AWS_ENDPOINT_URL leads to this Hearth and is not followed: CloudWatch is asked at AWS", "endpoint", *base.BaseEndpoint)
		base.BaseEndpoint = nil
	}
	g.base = &base
	return g.base, nil
}

// own are credentials that the SDK would not find: those the scraper was given,
// and those of a shared credentials file without a profile's name.
func (g *gate) own() (*Credentials, error) {
	if g.access.Credentials != nil {
		return g.access.Credentials, nil
	}
	c, path, err := unnamedCredentials()
	if c != nil {
		g.log.Warn("the shared credentials file has keys before any [profile]: they are taken as those of [default]", "file", path)
	}
	return c, err
}

// adaptive slows down as CloudWatch throttles.
func (g *gate) adaptive() aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = g.attempts, maxBackoff
		})
	})
}

// clients returns those of a role in a region.
func (g *gate) clients(ctx context.Context, role Role, region string) (*clients, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := placeKey{role, region}
	if c := g.whose[key]; c != nil {
		return c, nil
	}
	base, err := g.load(ctx)
	if err != nil {
		return nil, err
	}
	c := newClients(g.as(base, role, region), g.limits, g.log)
	g.whose[key] = c
	return c, nil
}

// as is the configuration of a role in a region.
func (g *gate) as(base *aws.Config, role Role, region string) aws.Config {
	c := base.Copy()
	c.Region = region
	if role.ARN == "" {
		return c
	}
	asker := sts.NewFromConfig(c, func(o *sts.Options) {
		switch {
		case g.sts != "":
			o.Region = g.sts
		case base.Region != "":
			o.Region = base.Region
		}
	})
	c.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(asker, role.ARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "hearth-cloudwatch"
		if role.ExternalID != "" {
			o.ExternalID = aws.String(role.ExternalID)
		}
	}))
	return c
}

// An identity is the account that a role belongs to.
type identity struct {
	account, alias string
	until          time.Time
}

// identityFor is how long an account's number and alias are believed.
const identityFor = time.Hour

func (g *gate) identity(ctx context.Context, role Role, c *clients) (*identity, error) {
	g.mu.Lock()
	known := g.names[role]
	g.mu.Unlock()
	if known != nil && g.now().Before(known.until) {
		return known, nil
	}
	who, err := sts.NewFromConfig(c.config, func(o *sts.Options) {
		if g.sts != "" {
			o.Region = g.sts
		}
	}).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("ask whose account it is: %w", err)
	}
	id := &identity{account: aws.ToString(who.Account), until: g.now().Add(identityFor)}
	aliases, err := iam.NewFromConfig(c.config).ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	switch {
	case err != nil:
		g.log.Info("series have no label account_alias: the account's alias cannot be read", "account", id.account, "err", err)
	case len(aliases.AccountAliases) > 0:
		id.alias = aliases.AccountAliases[0]
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.names[role] = id
	return id, nil
}

// expired tells errors that new credentials may cure.
func expired(err error) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch e.ErrorCode() {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch":
		return true
	}
	return false
}

type sdkLog struct{ log *slog.Logger }

// Logf passes what the SDK has to say on.
func (l sdkLog) Logf(c smithylog.Classification, format string, v ...any) {
	level := slog.LevelDebug
	if c == smithylog.Warn {
		level = slog.LevelWarn
	}
	l.log.Log(context.Background(), level, "AWS SDK", "text", fmt.Sprintf(format, v...))
}

// cloudwatchOf makes the client that metrics are asked of.
func cloudwatchOf(c aws.Config) *cloudwatch.Client { return cloudwatch.NewFromConfig(c) }
