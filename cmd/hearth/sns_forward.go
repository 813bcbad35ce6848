package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sns"
)

// ForwardConfig sends what is published to topics on to Amazon SNS. Keys are
// those the AWS SDK finds: a profile of the operator's, the environment, the
// machine's role.
type ForwardConfig struct {
	Topics   string `yaml:"topics"`   // a pattern of ARNs
	Target   string `yaml:"target"`   // the ARN there
	Profile  string `yaml:"profile"`  // of the AWS configuration files
	RoleARN  string `yaml:"role-arn"` // assumed before
	Endpoint string `yaml:"endpoint"` // in place of Amazon's own
}

func (c *Config) checkForwards() error {
	for i, f := range c.Forwards {
		if err := (sns.Forward{Topics: f.Topics, Target: f.Target}).Check(); err != nil {
			return fmt.Errorf("forward-topics[%d]: %w", i, err)
		}
		u, err := url.Parse(f.Endpoint)
		if f.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("forward-topics[%d].endpoint: %q is not a URL", i, f.Endpoint)
		}
	}
	return nil
}

func (c *Config) forwards(ctx context.Context) ([]sns.Forward, error) {
	var out []sns.Forward
	for i, f := range c.Forwards {
		client, err := c.amazonSNS(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("forward-topics[%d]: %w", i, err)
		}
		out = append(out, sns.Forward{Topics: f.Topics, Target: f.Target, Client: client})
	}
	return out, nil
}

// amazonSNS makes the client of one forward. Messages go through the guarded
// client; the SDK looks for keys by its own, for they are the operator's. One call
// is one attempt: the room has its own retries.
func (c *Config) amazonSNS(ctx context.Context, f ForwardConfig) (*awssns.Client, error) {
	target, err := hearth.ParseARN(f.Target)
	if err != nil {
		return nil, err
	}
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithRegion(string(target.Region))}
	if f.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(f.Profile))
	}
	conf, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if f.RoleARN != "" {
		tokens := sts.NewFromConfig(conf, func(o *sts.Options) { o.BaseEndpoint = f.endpoint("sts", target.Region) })
		conf.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(tokens, f.RoleARN))
	}
	return awssns.NewFromConfig(conf, func(o *awssns.Options) {
		o.HTTPClient, o.Retryer, o.BaseEndpoint = c.guardedClient(), aws.NopRetryer{}, f.endpoint("sns", target.Region)
	}), nil
}

// endpoint is where a service is. The environment does not decide: in the shell
// of whoever starts Hearth AWS_ENDPOINT_URL is likely Hearth itself, and messages
// would go round and round.
func (f ForwardConfig) endpoint(service string, region hearth.Region) *string {
	if f.Endpoint != "" {
		return &f.Endpoint
	}
	host := "https://" + service + "." + string(region) + ".amazonaws.com"
	if strings.HasPrefix(string(region), "cn-") {
		host += ".cn"
	}
	return &host
}
