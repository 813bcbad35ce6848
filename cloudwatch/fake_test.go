package cloudwatch

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a small CloudWatch, with the tagging API, STS and IAM as far as they are
// asked, written from AWS's API references:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
type fake struct {
	t   testing.TB
	url string

	mu        sync.Mutex
	now       func() time.Time // its own clock, told in the header Date
	namespace string
	names     []string                                                   // of metrics
	things    int                                                        // values of the dimension Id
	dimension func(i int) [][2]string                                    // of thing i; nil: Id=i
	resources []map[string]any                                           // ResourceTagMappingList
	value     func(name string, thing int, at time.Time) (float64, bool) // a datapoint; the default has all
	pageSize  int                                                        // results on a page of GetMetricData; 0: all
	status    func(i int) string                                         // of result i; default Complete
	fail      func(region, action string) (status int, code string)      // 0: no failure
	failBy    func(key, action string) (status int, code string)         // the same by the asker's key
	calls     map[string]int
	askers    map[string]asker // by action, the last one
	asked     int              // metrics asked of GetMetricData
}

func newFake(t testing.TB, now func() time.Time) *fake {
	f := &fake{t: t, now: now, namespace: "Made/Up", names: []string{"Load"}, things: 3, calls: map[string]int{}, askers: map[string]asker{}}
	f.value = func(_ string, thing int, at time.Time) (float64, bool) {
		return float64(thing) + float64(at.Unix()%100_000), true
	}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.url = s.URL
	if tt, ok := t.(interface{ Setenv(string, string) }); ok {
		for k, v := range map[string]string{
			"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
			"AWS_REGION": "us-east-1", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_PROFILE": "",
		} {
			tt.Setenv(k, v)
		}
	}
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	region := ""
	if parts := strings.Split(credential, "/"); len(parts) > 2 {
		region = parts[2]
	}
	action := r.Form.Get("Action")
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		action = target[strings.LastIndexByte(target, '.')+1:]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Date", f.now().UTC().Format(http.TimeFormat))
	f.calls[action]++
	key, _, _ := strings.Cut(credential, "/")
	f.askers[action] = asker{key, r.Header.Get("X-Amz-Security-Token"), r.Form}
	if f.fail != nil {
		if status, code := f.fail(region, action); status != 0 {
			refuse(w, status, code)
			return
		}
	}
	if f.failBy != nil {
		if status, code := f.failBy(key, action); status != 0 {
			refuse(w, status, code)
			return
		}
	}
	switch action {
	case "GetCallerIdentity":
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn</Arn><UserId>u</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case "AssumeRole":
		fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			r.Form.Get("ExternalId"), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	case "AssumeRoleWithWebIdentity":
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>web</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	case "ListAccountAliases":
		fmt.Fprint(w, `<ListAccountAliasesResponse><ListAccountAliasesResult><IsTruncated>false</IsTruncated><AccountAliases></AccountAliases></ListAccountAliasesResult></ListAccountAliasesResponse>`)
	case "GetResources":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"PaginationToken": "", "ResourceTagMappingList": f.resources})
	case "ListMetrics":
		f.listMetrics(w, r.Form)
	case "GetMetricData":
		f.getMetricData(w, r.Form)
	case "GetMetricStatistics":
		f.getMetricStatistics(w, r.Form)
	default:
		f.t.Errorf("nobody expected %s", action)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>as the test wants</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code)
}

const perPage = 500

func (f *fake) dims(i int) [][2]string {
	if f.dimension != nil {
		return f.dimension(i)
	}
	return [][2]string{{"Id", strconv.Itoa(i)}}
}

func (f *fake) listMetrics(w http.ResponseWriter, form url.Values) {
	from, _ := strconv.Atoi(form.Get("NextToken"))
	var b strings.Builder
	b.WriteString("<ListMetricsResponse><ListMetricsResult><Metrics>")
	to := min(from+perPage, f.things)
	if !slices.Contains(f.names, form.Get("MetricName")) {
		to = 0
	}
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "<member><Namespace>%s</Namespace><MetricName>%s</MetricName><Dimensions>", f.namespace, form.Get("MetricName"))
		for _, d := range f.dims(i) {
			fmt.Fprintf(&b, "<member><Name>%s</Name><Value>%s</Value></member>", d[0], d[1])
		}
		b.WriteString("</Dimensions></member>")
	}
	b.WriteString("</Metrics>")
	if to > 0 && to < f.things {
		fmt.Fprintf(&b, "<NextToken>%d</NextToken>", to)
	}
	b.WriteString("</ListMetricsResult></ListMetricsResponse>")
	fmt.Fprint(w, b.String())
}

// thing is the one whose dimensions a query names.
func (f *fake) thing(form url.Values, at string) int {
	for i := 0; ; i++ {
		v := form.Get(fmt.Sprintf("%sDimensions.member.%d.Value", at, i+1))
		if v == "" {
			return 0
		}
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	}
}

// points are a metric's datapoints, newest first. The period that runs has one,
// too, which will change.
func (f *fake) points(name string, thing int, start, end time.Time, period time.Duration) (times []time.Time, values []float64) {
	for at := end.Add(-1).Truncate(period); !at.Before(start); at = at.Add(-period) {
		if at.After(f.now()) {
			continue
		}
		v, ok := f.value(name, thing, at)
		if at.Add(period).After(f.now()) {
			v = -1 // of a part of the period
		}
		if ok {
			times, values = append(times, at), append(values, v)
		}
	}
	return times, values
}

func (f *fake) getMetricData(w http.ResponseWriter, form url.Values) {
	start, _ := time.Parse(time.RFC3339, form.Get("StartTime"))
	end, _ := time.Parse(time.RFC3339, form.Get("EndTime"))
	from, _ := strconv.Atoi(form.Get("NextToken"))
	var b strings.Builder
	b.WriteString("<GetMetricDataResponse><GetMetricDataResult><MetricDataResults>")
	i := from
	for ; ; i++ {
		at := fmt.Sprintf("MetricDataQueries.member.%d.", i+1)
		id := form.Get(at + "Id")
		if id == "" || f.pageSize > 0 && i >= from+f.pageSize {
			break
		}
		if i >= from {
			f.asked++
		}
		status := "Complete"
		if f.status != nil {
			status = f.status(i)
		}
		fmt.Fprintf(&b, "<member><Id>%s</Id><Label>l</Label><StatusCode>%s</StatusCode>", id, status)
		seconds, _ := strconv.Atoi(form.Get(at + "MetricStat.Period"))
		name := form.Get(at + "MetricStat.Metric.MetricName")
		times, values := f.points(name, f.thing(form, at+"MetricStat.Metric."), start, end, time.Duration(seconds)*time.Second)
		if status != "Complete" {
			times, values = times[:len(times)/2], values[:len(values)/2]
		}
		b.WriteString("<Timestamps>")
		for _, at := range times {
			fmt.Fprintf(&b, "<member>%s</member>", at.UTC().Format(time.RFC3339))
		}
		b.WriteString("</Timestamps><Values>")
		for _, v := range values {
			fmt.Fprintf(&b, "<member>%v</member>", v)
		}
		b.WriteString("</Values></member>")
	}
	b.WriteString("</MetricDataResults>")
	if form.Get(fmt.Sprintf("MetricDataQueries.member.%d.Id", i+1)) != "" {
		fmt.Fprintf(&b, "<NextToken>%d</NextToken>", i)
	}
	b.WriteString("</GetMetricDataResult></GetMetricDataResponse>")
	fmt.Fprint(w, b.String())
}

func (f *fake) getMetricStatistics(w http.ResponseWriter, form url.Values) {
	start, _ := time.Parse(time.RFC3339, form.Get("StartTime"))
	end, _ := time.Parse(time.RFC3339, form.Get("EndTime"))
	seconds, _ := strconv.Atoi(form.Get("Period"))
	if end.Sub(start) > 1440*time.Duration(seconds)*time.Second {
		refuse(w, http.StatusBadRequest, "InvalidParameterCombination")
		return
	}
	times, values := f.points(form.Get("MetricName"), f.thing(form, ""), start, end, time.Duration(seconds)*time.Second)
	fmt.Fprint(w, "<GetMetricStatisticsResponse><GetMetricStatisticsResult><Label>l</Label><Datapoints>")
	for i, at := range times {
		fmt.Fprintf(w, "<member><Timestamp>%s</Timestamp><Average>%v</Average><Sum>%v</Sum></member>", at.UTC().Format(time.RFC3339), values[i], values[i]*2)
	}
	fmt.Fprint(w, "</Datapoints></GetMetricStatisticsResult></GetMetricStatisticsResponse>")
}

// change alters the fake while it may be asked.
func (f *fake) change(how func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how()
}
