package awsapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/amp"
	"github.com/aws/aws-sdk-go-v2/service/amp/types"
	"github.com/aws/smithy-go"
	"github.com/prometheus/common/config"
	"github.com/prometheus/sigv4"

	"github.com/hearth-metrics/hearth"
)

// client is the SDK's own, over a real connection.
func client(t *testing.T, d *door, p person, region string) *amp.Client {
	t.Helper()
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	return amp.New(amp.Options{
		BaseEndpoint: aws.String(srv.URL), Region: region, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: p.key, SecretAccessKey: p.secret}, nil
		}),
	})
}

// The SDK makes, describes, configures, tags, lists and deletes, and both
// waiters end.
func TestSDKClient(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.Now = time.Now })
	c, ctx := client(t, d, alice, "us-west-2"), t.Context()

	made, err := c.CreateWorkspace(ctx, &amp.CreateWorkspaceInput{Alias: aws.String("kitchen"), Tags: map[string]string{"a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	id := made.WorkspaceId
	active := amp.NewWorkspaceActiveWaiter(c, func(o *amp.WorkspaceActiveWaiterOptions) { o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond })
	seen, err := active.WaitForOutput(ctx, &amp.DescribeWorkspaceInput{WorkspaceId: id}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	w := seen.Workspace
	if *w.Alias != "kitchen" || !strings.HasSuffix(*w.PrometheusEndpoint, "/workspaces/"+*id+"/") || w.Tags["a"] != "1" || w.CreatedAt.IsZero() {
		t.Errorf("described as %+v", w)
	}
	if _, err := c.UpdateWorkspaceAlias(ctx, &amp.UpdateWorkspaceAliasInput{WorkspaceId: id, Alias: aws.String("pantry")}); err != nil {
		t.Error(err)
	}
	configureBySDK(t, c, id)
	tagBySDK(t, c, made.Arn)

	pages := amp.NewListWorkspacesPaginator(c, &amp.ListWorkspacesInput{Alias: aws.String("pan"), MaxResults: aws.Int32(1)})
	var found int
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		found += len(page.Workspaces)
	}
	if found != 1 {
		t.Errorf("%d workspaces listed, want 1", found)
	}
	if _, err := c.DeleteWorkspace(ctx, &amp.DeleteWorkspaceInput{WorkspaceId: id}); err != nil {
		t.Fatal(err)
	}
	gone := amp.NewWorkspaceDeletedWaiter(c, func(o *amp.WorkspaceDeletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	})
	if err := gone.Wait(ctx, &amp.DescribeWorkspaceInput{WorkspaceId: id}, time.Minute); err != nil {
		t.Error(err)
	}
}

func configureBySDK(t *testing.T, c *amp.Client, id *string) {
	t.Helper()
	_, err := c.UpdateWorkspaceConfiguration(t.Context(), &amp.UpdateWorkspaceConfigurationInput{
		WorkspaceId: id, RetentionPeriodInDays: aws.Int32(7), OutOfOrderTimeWindowInSeconds: aws.Int32(30),
		LimitsPerLabelSet: []types.LimitsPerLabelSet{{LabelSet: map[string]string{"team": "a"}, Limits: &types.LimitsPerLabelSetEntry{MaxSeries: aws.Int64(5)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.DescribeWorkspaceConfiguration(t.Context(), &amp.DescribeWorkspaceConfigurationInput{WorkspaceId: id})
	if err != nil {
		t.Fatal(err)
	}
	got := out.WorkspaceConfiguration
	if *got.RetentionPeriodInDays != 7 || *got.OutOfOrderTimeWindowInSeconds != 30 || len(got.LimitsPerLabelSet) != 1 || *got.LimitsPerLabelSet[0].Limits.MaxSeries != 5 {
		t.Errorf("configuration is %+v", got)
	}
}

func tagBySDK(t *testing.T, c *amp.Client, arn *string) {
	t.Helper()
	if _, err := c.TagResource(t.Context(), &amp.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "2"}}); err != nil {
		t.Error(err)
	}
	if _, err := c.UntagResource(t.Context(), &amp.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}); err != nil {
		t.Error(err)
	}
	tags, err := c.ListTagsForResource(t.Context(), &amp.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil || len(tags.Tags) != 1 || tags.Tags["b"] != "2" {
		t.Errorf("tags %v, %v", tags, err)
	}
}

// The SDK knows each error by its own type, with what belongs to it.
func TestSDKClientErrors(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.Now = time.Now })
	ctx := t.Context()
	c := client(t, d, alice, "us-west-2")
	id := string(d.workspaceOf(alice, "us-west-2", "kitchen").ID)

	_, err := c.DescribeWorkspace(ctx, &amp.DescribeWorkspaceInput{WorkspaceId: aws.String("None")})
	if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || *e.ResourceId != "None" {
		t.Errorf("missing workspace: %v", err)
	}
	_, err = c.DescribeLoggingConfiguration(ctx, &amp.DescribeLoggingConfigurationInput{WorkspaceId: &id})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("no logging configuration: %v", err)
	}
	_, err = c.UpdateWorkspaceConfiguration(ctx, &amp.UpdateWorkspaceConfigurationInput{WorkspaceId: &id, RetentionPeriodInDays: aws.Int32(-1)})
	if e, ok := errors.AsType[*types.ValidationException](err); !ok || e.Reason != types.ValidationExceptionReasonFieldValidationFailed || *e.FieldList[0].Name != "retentionPeriodInDays" {
		t.Errorf("bad retention: %v", err)
	}
	_, err = c.ListAnomalyDetectors(ctx, &amp.ListAnomalyDetectorsInput{WorkspaceId: &id})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "ValidationException" || !strings.Contains(e.ErrorMessage(), "ListAnomalyDetectors") {
		t.Errorf("operation not served: %v", err)
	}
	token := aws.String("t")
	for _, alias := range []string{"a", "b"} {
		_, err = c.CreateWorkspace(ctx, &amp.CreateWorkspaceInput{Alias: &alias, ClientToken: token})
	}
	if _, ok := errors.AsType[*types.ConflictException](err); !ok {
		t.Errorf("token used twice: %v", err)
	}
	_, err = client(t, d, carol, "us-west-2").CreateWorkspace(ctx, &amp.CreateWorkspaceInput{})
	if _, ok := errors.AsType[*types.AccessDeniedException](err); !ok {
		t.Errorf("not allowed: %v", err)
	}
	wrong := person{key: alice.key, secret: "wrong"}
	_, err = client(t, d, wrong, "us-west-2").ListWorkspaces(ctx, &amp.ListWorkspacesInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InvalidSignatureException" {
		t.Errorf("wrong secret: %v", err)
	}
}

// A quota is 402 with its code.
func TestSDKClientQuota(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.Now, o.Profile = time.Now, hearth.AWSStrict })
	c := client(t, d, alice, "us-west-2")
	var err error
	for range 26 {
		_, err = c.CreateWorkspace(t.Context(), &amp.CreateWorkspaceInput{})
	}
	if e, ok := errors.AsType[*types.ServiceQuotaExceededException](err); !ok || *e.QuotaCode != "L-8873DB23" || *e.ServiceCode != "aps" {
		t.Errorf("the 26th workspace: %v", err)
	}
}

// Prometheus' own signer writes and is let in, also with the URL joined
// carelessly.
func TestPrometheusSigner(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.Now = time.Now })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	rt, err := sigv4.NewSigV4RoundTripper(&sigv4.SigV4Config{
		Region: "us-west-2", AccessKey: alice.key, SecretKey: config.Secret(alice.secret),
	}, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/remote_write", "//api/v1/remote_write", "/api/v1/remote_write/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/workspaces/"+string(w.ID)+path, strings.NewReader("samples"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Encoding", "snappy")
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
		res, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || d.seen[len(d.seen)-1].body != "samples" {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
}
