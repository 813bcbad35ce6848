package cloudwatch

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// A meter is told of every call, before and after.
type meter struct {
	// called is told of a call that ended, by the service's and the operation's
	// names: CloudWatch, GetMetricData.
	called func(service, operation string, err error)

	// spend is asked before n metrics are asked of GetMetricData, or n other calls
	// are made that cost; an error keeps them from being made.
	spend func(c charge) error
}

// A charge is what a call will be billed for.
type charge struct {
	region   string
	metrics  int // asked of GetMetricData
	requests int // other calls of CloudWatch
}

func (m *meter) apiOptions() []func(*middleware.Stack) error {
	return []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("HearthMeter", m.around), middleware.After)
	}}
}

// around counts and, for what is billed by the call, asks first.
func (m *meter) around(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	if service == "CloudWatch" && operation != "GetMetricData" && m.spend != nil {
		if err := m.spend(charge{region: awsmiddleware.GetRegion(ctx), requests: 1}); err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
	}
	out, meta, err := next.HandleInitialize(ctx, in)
	if m.called != nil {
		m.called(service, operation, err)
	}
	return out, meta, err
}
