package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/hearth-metrics/hearth"
)

// Credentials are long-lived or temporary keys.
type Credentials struct {
	AccessKeyID string `json:"accessKeyId"`
	Secret      string `json:"secret"`
	Token       string `json:"token,omitempty"`
	Region      string `json:"region,omitempty"` // where to ask if nothing else says
}

func (c *Credentials) provider() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.Secret, c.Token)
}

// maxCredentialsBytes is how long a credentials file may be.
const maxCredentialsBytes = 64 << 10

// ParseCredentials reads a profile of a shared credentials file. Keys before the
// first profile's name are those of the profile default, which the SDKs would
// leave out: blog posts print such files.
func ParseCredentials(text, profile string) (*Credentials, error) {
	if len(text) > maxCredentialsBytes {
		return nil, &hearth.Error{Kind: hearth.TooLarge, Msg: "the credentials file is larger than 64 KiB"}
	}
	c := readProfile(text, profile)
	if c.AccessKeyID == "" || c.Secret == "" {
		return nil, &hearth.Error{Kind: hearth.Invalid, Fields: []hearth.Field{{Name: "credentials", Msg: "no keys"}},
			Msg: "the credentials file has no aws_access_key_id and aws_secret_access_key for the profile " + profile}
	}
	return c, nil
}

// unnamed stands for the lines before any profile's name.
const unnamed = ""

func readProfile(text, profile string) *Credentials {
	c, section := &Credentials{}, unnamed
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if strings.HasPrefix(line, "[") {
			section = strings.TrimSpace(strings.TrimPrefix(strings.Trim(line, "[]"), "profile "))
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		if section == profile || section == unnamed && profile == "default" {
			c.set(strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
	return c
}

func (c *Credentials) set(key, value string) {
	switch strings.ToLower(key) {
	case "aws_access_key_id":
		c.AccessKeyID = value
	case "aws_secret_access_key":
		c.Secret = value
	case "aws_session_token", "aws_security_token":
		c.Token = value
	case "region", "aws_region":
		c.Region = value
	}
}

// unnamedCredentials are keys before any profile's name in the shared credentials
// file, if the SDK would find none itself: neither in the environment nor in a
// profile.
func unnamedCredentials() (c *Credentials, path string, err error) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if os.Getenv(name) != "" {
			return nil, "", nil
		}
	}
	if path = os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); path == "" {
		path = awsconfig.DefaultSharedCredentialsFilename()
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, path, nil
	case err != nil:
		return nil, path, err
	}
	named := false
	for line := range strings.Lines(string(text)) {
		named = named || strings.HasPrefix(strings.TrimSpace(line), "[default]")
	}
	if c = readProfile(string(text), unnamed); named || c.AccessKeyID == "" || c.Secret == "" {
		return nil, path, nil
	}
	return c, path, nil
}

// movedSTS makes roles of profiles and web identities ask the STS at
// AWS_ENDPOINT_URL: the SDK reads that variable only after it made the clients for
// them, and would show the token of a stand-in's user to AWS.
func (g *gate) movedSTS() []func(*awsconfig.LoadOptions) error {
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if endpoint == "" || g.access.leadsHere(endpoint) || os.Getenv("AWS_ENDPOINT_URL_STS") != "" || strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return nil
	}
	region := cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	return []func(*awsconfig.LoadOptions) error{
		awsconfig.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			if o.Client != nil {
				o.Client = assumeAt{o.Client, endpoint}
			}
		}),
		awsconfig.WithWebIdentityRoleCredentialOptions(func(o *stscreds.WebIdentityRoleOptions) {
			o.Client = sts.New(sts.Options{BaseEndpoint: aws.String(endpoint), Region: region, HTTPClient: g.access.client(), Retryer: g.adaptive(), APIOptions: g.meter.apiOptions()})
		}),
	}
}

// leadsHere tells whether a URL has the host and port of this Hearth.
func (a *Access) leadsHere(to string) bool {
	place, err := url.Parse(to)
	return err == nil && place.Host != "" && slices.ContainsFunc(a.Itself, func(own string) bool {
		here, err := url.Parse(own)
		return err == nil && onLoopback(place.Host) == onLoopback(here.Host)
	})
}

// onLoopback spells the names of this machine alike.
func onLoopback(host string) string { return strings.Replace(host, "localhost", "127.0.0.1", 1) }

// assumeAt asks at another URL, with the keys of the client that it has.
type assumeAt struct {
	stscreds.AssumeRoleAPIClient
	url string
}

// AssumeRole implements stscreds.AssumeRoleAPIClient.
func (a assumeAt) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, more ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return a.AssumeRoleAPIClient.AssumeRole(ctx, in, append(more, func(o *sts.Options) { o.BaseEndpoint = aws.String(a.url) })...)
}
