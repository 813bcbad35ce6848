package awsapi

import (
	"context"
	"errors"
	"fmt"
	stdmaps "maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
)

// monitoringRows are what can be asked of Hearth as of CloudWatch: the usage that
// AMP vends, https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
func (s *Server) monitoringRows() []row {
	return []row{
		op("POST", "ListMetrics", 200, "cloudwatch:ListMetrics", account, s.listMetrics),
		op("POST", "GetMetricData", 200, "cloudwatch:GetMetricData", account, s.getMetricData),
		op("POST", "GetMetricStatistics", 200, "cloudwatch:GetMetricStatistics", account, s.getMetricStatistics),
	}
}

func monitoringRefused() []row {
	var rows []row
	for name := range strings.FieldsSeq(monitoringNotServed) {
		rows = append(rows, row{method: http.MethodPost, path: name, action: "cloudwatch:" + name})
	}
	return refuse(account, rows)
}

const monitoringNotServed = `DeleteAlarmMuteRule DeleteAlarms DeleteAnomalyDetector DeleteDashboards DeleteInsightRules
DeleteMetricStream DescribeAlarmContributors DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric
DescribeAnomalyDetectors DescribeInsightRules DisableAlarmActions DisableInsightRules EnableAlarmActions
EnableInsightRules GetAlarmMuteRule GetDashboard GetInsightRuleReport GetMetricStream GetMetricWidgetImage
GetOTelEnrichment ListAlarmMuteRules ListDashboards ListManagedInsightRules ListMetricStreams ListTagsForResource
PutAlarmMuteRule PutAnomalyDetector PutCompositeAlarm PutDashboard PutInsightRule PutManagedInsightRules
PutMetricAlarm PutMetricData PutMetricStream SetAlarmState StartMetricStreams StartOTelEnrichment
StopMetricStreams StopOTelEnrichment TagResource UntagResource`

// monitoringFaults are CloudWatch's codes.
var monitoringFaults = map[hearth.Kind]fault{
	hearth.Invalid:   {"InvalidParameterValue", http.StatusBadRequest},
	hearth.Malformed: {"InvalidParameterValue", http.StatusBadRequest},
	hearth.Denied:    {"AccessDenied", http.StatusForbidden},
}

const (
	monitoringTarget = "GraniteServiceVersion20100801."
	monitoringPath   = "/service/GraniteServiceVersion20100801/operation/"
)

// routeMonitoring finds the row by the path of Smithy's RPC v2, by X-Amz-Target, or
// by the form's Action.
func (s *Server) routeMonitoring(r *request, svc *service) error {
	name, ok := strings.CutPrefix(r.path, monitoringPath)
	if !ok {
		name, ok = strings.CutPrefix(r.http.Header.Get("X-Amz-Target"), monitoringTarget)
	}
	if !ok {
		return s.routeForm(r, svc)
	}
	if r.row = svc.actions[name]; r.row == nil {
		return unknownOperation("No operation of " + svc.title + " is called " + clip(name) + ".")
	}
	return nil
}

// noMonitoring is told where Hearth keeps no usage.
func (s *Server) noMonitoring(r *request) error {
	if s.opts.CloudWatch == nil {
		return notServed(r.row.action)
	}
	return nil
}

func (s *Server) listMetrics(ctx context.Context, r *request) (any, error) {
	in, err := r.members()
	if err != nil {
		return nil, err
	}
	if err := s.noMonitoring(r); err != nil {
		return nil, err
	}
	q := cloudwatch.VendedQuery{Account: r.caller.Account, Region: r.caller.Region, Namespace: in.text("Namespace"), Name: in.text("MetricName"), Dimensions: in.dimensions(), Start: r.began.Add(-14 * 24 * time.Hour), End: r.began.Add(time.Minute)}
	if in.text("RecentlyActive") != "" {
		q.Start = r.began.Add(-3 * time.Hour)
	}
	all, err := s.opts.CloudWatch.Vended(ctx, q)
	if err != nil {
		return nil, err
	}
	all, next, err := pageOfMetrics(all, in.text("NextToken"))
	if err != nil {
		return nil, err
	}
	list := items{}
	for _, m := range all {
		list = append(list, fields{{"Namespace", m.Namespace}, {"MetricName", m.Name}, {"Dimensions", dimensionList(m.Dimensions)}})
	}
	out := fields{{"Metrics", list}}
	if next != "" {
		out = append(out, field{"NextToken", next})
	}
	return out, nil
}

func dimensionList(d map[string]string) items {
	out := items{}
	for _, name := range slices.Sorted(stdmaps.Keys(d)) {
		out = append(out, fields{{"Name", name}, {"Value", d[name]}})
	}
	return out
}

// window reads StartTime and EndTime.
func (in object) window() (start, end time.Time, err error) {
	if start, err = in.time("StartTime"); err != nil {
		return start, end, err
	}
	if end, err = in.time("EndTime"); err != nil {
		return start, end, err
	}
	if !start.Before(end) {
		return start, end, invalidField("StartTime", "must be before EndTime")
	}
	return start, end, nil
}

// aPeriod checks a period, and that an answer has no more datapoints than
// CloudWatch gives.
func (in object) aPeriod(start, end time.Time, most int64) (time.Duration, error) {
	n, err := in.number("Period")
	if err != nil {
		return 0, err
	}
	if n < 1 || n > 86400 || n%60 != 0 {
		return 0, invalidField("Period", "must be a multiple of 60 seconds, up to a day")
	}
	if end.Sub(start) > 455*24*time.Hour || int64(end.Sub(start)/time.Second)/n > most {
		return 0, invalidField("Period", "is too short for so long a time")
	}
	return time.Duration(n) * time.Second, nil
}

func (s *Server) getMetricStatistics(ctx context.Context, r *request) (any, error) {
	in, err := r.members()
	if err != nil {
		return nil, err
	}
	if err := s.noMonitoring(r); err != nil {
		return nil, err
	}
	start, end, err := in.window()
	if err != nil {
		return nil, err
	}
	length, err := in.aPeriod(start, end, 1440)
	if err != nil {
		return nil, err
	}
	names := append(in.texts("Statistics"), in.texts("ExtendedStatistics")...)
	if len(names) == 0 || len(names) > 15 {
		return nil, invalidField("Statistics", "want one to five, or ExtendedStatistics")
	}
	found, err := s.vended(ctx, r, in, start, end)
	if err != nil {
		return nil, err
	}
	points, err := datapointsOf(found, length, names, in.texts("ExtendedStatistics"))
	if err != nil {
		return nil, err
	}
	return fields{{"Label", in.text("MetricName")}, {"Datapoints", points}}, nil
}

// vended is the one metric with exactly the dimensions asked for; an empty one if
// there is none, as CloudWatch does.
func (s *Server) vended(ctx context.Context, r *request, in object, start, end time.Time) (*cloudwatch.VendedSeries, error) {
	if in.text("Namespace") == "" || in.text("MetricName") == "" {
		return nil, invalidField("MetricName", "and Namespace must be given")
	}
	all, err := s.opts.CloudWatch.Vended(ctx, cloudwatch.VendedQuery{
		Account: r.caller.Account, Region: r.caller.Region, Namespace: in.text("Namespace"), Name: in.text("MetricName"),
		Dimensions: in.dimensions(), Exact: true, Start: start, End: end,
	})
	if err != nil || len(all) == 0 {
		return &cloudwatch.VendedSeries{}, err
	}
	return &all[0], nil
}

func datapointsOf(s *cloudwatch.VendedSeries, length time.Duration, names, extended []string) (items, error) {
	out := items{}
	for _, name := range names {
		times, values, ok := s.ByPeriod(length, name)
		if !ok {
			return nil, invalidField("Statistics", clip(name)+" is no statistic served here: Average, Sum, Minimum, Maximum, SampleCount and percentiles are")
		}
		for i, at := range times {
			if len(out) <= i {
				out = append(out, fields{{"Timestamp", at}, {"Unit", "None"}})
			}
			if slices.Contains(extended, name) {
				out[i] = append(out[i].(fields), field{"ExtendedStatistics", entry{name, values[i]}})
			} else {
				out[i] = append(out[i].(fields), field{name, values[i]})
			}
		}
	}
	return out, nil
}

const (
	maxDataQueries = 500
	maxDatapoints  = 100_800
)

func (s *Server) getMetricData(ctx context.Context, r *request) (any, error) {
	in, err := r.members()
	if err != nil {
		return nil, err
	}
	if err := s.noMonitoring(r); err != nil {
		return nil, err
	}
	start, end, err := in.window()
	if err != nil {
		return nil, badQuery(err)
	}
	queries := in.objects("MetricDataQueries")
	if len(queries) == 0 || len(queries) > maxDataQueries {
		return nil, invalidField("MetricDataQueries", "want one to 500")
	}
	if err := checkQueries(queries); err != nil {
		return nil, err
	}
	from, err := fromToken(in.text("NextToken"))
	if err != nil {
		return nil, err
	}
	results, next, err := s.pageOfData(ctx, r, in, queries[min(from, len(queries)):], start, end)
	if err != nil {
		return nil, err
	}
	out := fields{{"MetricDataResults", results}, {"Messages", items{}}}
	if next > 0 {
		out = append(out, field{"NextToken", toToken(from + next)})
	}
	return out, nil
}

// pageOfData answers as many queries as make a page of CloudWatch's, at least one.
// next is how many those are, if there are more.
func (s *Server) pageOfData(ctx context.Context, r *request, in object, queries []object, start, end time.Time) (page items, next int, err error) {
	page = items{}
	left := maxDatapoints
	if n, err := in.number("MaxDatapoints"); err == nil && n > 0 {
		left = int(min(n, maxDatapoints))
	}
	for i, q := range queries {
		if given, ok := q["ReturnData"]; ok && (given == false || given == "false") {
			continue
		}
		one, n, err := s.metricData(ctx, r, q, start, end, in.text("ScanBy") != "TimestampAscending")
		if err != nil {
			return nil, 0, err
		}
		if left -= n; left < 0 && len(page) > 0 {
			return page, i, nil
		}
		page = append(page, one)
	}
	return page, 0, nil
}

// dataQueryType is what CloudWatch calls ValidationError: a query that is wrong in
// itself. It has no other code for a bad expression.
const dataQueryType = "metric data query"

// badQuery makes a refused window CloudWatch's ValidationError, as GetMetricData has it;
// GetMetricStatistics has another code.
func badQuery(err error) error {
	if e, ok := errors.AsType[*hearth.Error](err); ok && e.Kind == hearth.Invalid {
		e.Type = dataQueryType
	}
	return err
}

// checkQueries refuses what is no query by its id, also those whose data is not
// wanted.
func checkQueries(queries []object) error {
	bad := func(format string, args ...any) error {
		return &hearth.Error{Kind: hearth.Invalid, Type: dataQueryType, Msg: fmt.Sprintf(format, args...), Fields: []hearth.Field{{Name: "MetricDataQueries", Msg: "refused"}}}
	}
	seen := map[string]bool{}
	for _, q := range queries {
		id := q.text("Id")
		switch {
		case !dataQueryID.MatchString(id):
			return bad("The value %q for parameter id in MetricDataQueries is not of the form [a-z][a-zA-Z0-9_]*.", clip(id))
		case seen[id]:
			return bad("The values for parameter id in MetricDataQueries are not unique.")
		case q.text("Expression") != "":
			return bad("Error in expression '%s': expressions are not served by this version of Hearth: want Id and MetricStat.", id)
		case q.object("MetricStat") == nil:
			return bad("The query '%s' in MetricDataQueries has no MetricStat.", id)
		}
		seen[id] = true
	}
	return nil
}

var dataQueryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

// metricData answers one query, with n datapoints.
func (s *Server) metricData(ctx context.Context, r *request, q object, start, end time.Time, newestFirst bool) (out fields, n int, err error) {
	stat := q.object("MetricStat")
	length, err := stat.aPeriod(start, end, maxDatapoints)
	if err != nil {
		return nil, 0, err
	}
	found, err := s.vended(ctx, r, stat.object("Metric"), start, end)
	if err != nil {
		return nil, 0, err
	}
	times, values, ok := found.ByPeriod(length, stat.text("Stat"))
	if !ok {
		return nil, 0, invalidField("Stat", clip(stat.text("Stat"))+" is no statistic served here: Average, Sum, Minimum, Maximum, SampleCount and percentiles are")
	}
	if newestFirst {
		slices.Reverse(times)
		slices.Reverse(values)
	}
	label := q.text("Label")
	if label == "" {
		label = stat.object("Metric").text("MetricName")
	}
	at, v := items{}, items{}
	for i := range times {
		at, v = append(at, times[i]), append(v, values[i])
	}
	return fields{{"Id", q.text("Id")}, {"Label", label}, {"Timestamps", at}, {"Values", v}, {"StatusCode", "Complete"}}, len(times), nil
}
