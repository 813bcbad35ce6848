package cloudwatch

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/amp"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/shield"
	"github.com/aws/aws-sdk-go-v2/service/storagegateway"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/clients/tagging"
	taggingv2 "github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/clients/tagging/v2"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/logging"
)

// clients ask one region as one role.
type clients struct {
	config     aws.Config
	cloudwatch *cloudwatch.Client
	tagging    tagging.Client
	tagged     *resourcegroupstaggingapi.Client
	limits     *limiter
}

// newClients makes the clients. YACE's own tagging client knows the services
// whose resources the tagging API does not list.
func newClients(c aws.Config, limits Concurrency, log *slog.Logger) *clients {
	plain := c.Copy() // these services have no FIPS endpoints
	plain.ConfigSources = withoutFIPS(c.ConfigSources)
	tagged := resourcegroupstaggingapi.NewFromConfig(plain)
	return &clients{config: c, cloudwatch: cloudwatchOf(c), limits: newLimiter(limits), tagged: tagged, tagging: taggingv2.NewClient(
		yaceLog{log},
		tagged, autoscaling.NewFromConfig(plain),
		apigateway.NewFromConfig(c), apigatewayv2.NewFromConfig(c), ec2.NewFromConfig(c), databasemigrationservice.NewFromConfig(c),
		amp.NewFromConfig(plain), storagegateway.NewFromConfig(c), shield.NewFromConfig(c),
	)}
}

// useFIPS is what a source of AWS configuration may say about FIPS endpoints.
type useFIPS interface {
	GetUseFIPSEndpoint(ctx context.Context) (aws.FIPSEndpointState, bool, error)
}

func withoutFIPS(sources []any) []any {
	return append([]any{noFIPS{}}, sources...)
}

// noFIPS is asked before all other sources.
type noFIPS struct{}

var _ useFIPS = noFIPS{}

// GetUseFIPSEndpoint says no.
func (noFIPS) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return aws.FIPSEndpointStateDisabled, true, nil
}

// yaceLog passes on what YACE's packages log. What they call an error is told by
// the error they return.
type yaceLog struct{ log *slog.Logger }

// Info logs for whoever debugs.
func (l yaceLog) Info(msg string, kv ...any) { l.log.Debug(msg, kv...) }

// Debug logs for whoever debugs.
func (l yaceLog) Debug(msg string, kv ...any) { l.log.Debug(msg, kv...) }

// Warn logs what a user may want to change.
func (l yaceLog) Warn(msg string, kv ...any) { l.log.Warn(msg, kv...) }

// Error logs for whoever debugs: the error itself is returned as well.
func (l yaceLog) Error(err error, msg string, kv ...any) {
	l.log.Debug(msg, append(kv, "err", fmt.Sprint(err))...)
}

// With adds to what each line says.
func (l yaceLog) With(kv ...any) logging.Logger { return yaceLog{l.log.With(kv...)} }

// IsDebugEnabled tells whether Debug is heard.
func (l yaceLog) IsDebugEnabled() bool { return l.log.Enabled(context.Background(), slog.LevelDebug) }
