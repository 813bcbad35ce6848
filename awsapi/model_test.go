package awsapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// sdk is the folder of the newest model: the Go SDK's module for AMP, whose
// snapshots are read where the module cache has them.
func sdk(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/amp").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// snapshots are the files of one kind by operation or error.
func snapshots(t testing.TB, folder, suffix string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sdk(t), folder, "*"+suffix))
	if err != nil || len(files) == 0 {
		t.Fatalf("no snapshots: %v", err)
	}
	all := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), suffix)] = string(text)
	}
	return all
}

// A call is one operation of a model.
type call struct {
	Method, Path string
	Code         int
}

// apsTable is what the tables say of AMP's control plane.
func apsTable(s *Server) map[string]*row {
	table := map[string]*row{}
	for _, r := range s.tables()["aps"] {
		if !r.data() {
			table[r.operation()] = r
		}
	}
	return table
}

// Each operation of the newest model, as the SDK writes it, finds its own row,
// is decoded, and is served or refused by name.
func TestSDKRequests(t *testing.T) {
	d := openDoor(t, nil)
	table := apsTable(d.Server)
	snaps := snapshots(t, "request_snapshot", ".request.snap")
	for op, snap := range snaps {
		t.Run(op, func(t *testing.T) {
			a := askOf(t, snap)
			a.by = &alice
			m, _ := d.services["aps"].router.find(a.method, strings.Split(a.url, "?")[0])
			if m.row == nil || m.row.operation() != op {
				t.Fatalf("%s %s finds %+v", a.method, a.url, m.row)
			}
			status, body := d.say(a)
			var got errorBody
			if len(body) > 0 {
				if err := json.Unmarshal([]byte(body), &got); err != nil {
					t.Fatalf("%d %s: %v", status, body, err)
				}
			}
			refused := got.Reason == "UNKNOWN_OPERATION"
			if refused != table[op].refused() || got.Reason == "CANNOT_PARSE" || strings.Contains(got.Message, ": must be ") || status >= 500 {
				t.Errorf("%d %s", status, body)
			}
			if refused && (status != 400 || !strings.Contains(got.Message, op)) {
				t.Errorf("refused with %d %s, want 400 and the operation's name", status, body)
			}
		})
	}
	for op := range table {
		if _, ok := snaps[op]; !ok {
			t.Errorf("the table has %s, which is in no model", op)
		}
	}
}

// askOf reads a request snapshot: request line, headers, body, apart by blank
// lines.
func askOf(t *testing.T, snap string) ask {
	t.Helper()
	head, rest, _ := strings.Cut(snap, "\n\n")
	method, url, ok := strings.Cut(head, " ")
	if !ok {
		t.Fatalf("not a request snapshot: %q", snap)
	}
	headers, body, _ := strings.Cut(rest, "\n\n")
	url = strings.Replace(url, "__ResourceArn__", "arn%3Aaws%3Aaps%3Aus-west-2%3A111111111111%3Aworkspace%2Fws-1", 1)
	a := ask{method: method, url: url, body: body, header: map[string]string{}}
	for line := range strings.Lines(headers) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			a.header[k] = v
		}
	}
	return a
}

// An error of each kind has the body the SDK's snapshots have.
func TestSDKErrors(t *testing.T) {
	e := &hearth.Error{
		Msg: "__Message__", Resource: "__ResourceId__", Type: "__ResourceType__", Quota: "__QuotaCode__",
		Fields: []hearth.Field{{Name: "__Name__", Msg: "__Message__"}, {Name: "__Name__", Msg: "__Message__"}},
	}
	kinds := map[string]hearth.Kind{
		"ConflictException": hearth.Conflict, "ResourceNotFoundException": hearth.NotFound,
		"ServiceQuotaExceededException": hearth.Quota, "ThrottlingException": hearth.Throttled,
		"ValidationException": hearth.Invalid, "InternalServerException": hearth.Internal, "AccessDeniedException": hearth.Denied,
	}
	svc := &service{name: "aps"}
	for code, snap := range snapshots(t, "response_snapshot", ".error.snap") {
		kind, ok := kinds[code]
		if !ok {
			t.Errorf("the model has an error %s that no kind stands for", code)
			continue
		}
		e.Kind = kind
		rec := httptest.NewRecorder()
		failureOf(svc, e).write(rec, &request{http: &http.Request{}, service: svc})
		snap = strings.NewReplacer("UNKNOWN_OPERATION", "FIELD_VALIDATION_FAILED", "__ServiceCode__", "aps").Replace(snap)
		if kind == hearth.Internal {
			snap = strings.Replace(snap, "__Message__", internalText, 1)
		}
		want := parseSnapshot(t, snap)
		got := answer{rec.Code, rec.Header(), decoded(t, rec.Body.Bytes())}
		if diff := cmp.Diff(want.body, got.body); diff != "" || got.code != want.code {
			t.Errorf("%s: %d, want %d (-want +got):\n%s", code, got.code, want.code, diff)
		}
		if got.header.Get("X-Amzn-Errortype") != code || got.header.Get("Retry-After") != want.header.Get("Retry-After") {
			t.Errorf("%s: headers %v, want those of %v", code, got.header, want.header)
		}
	}
}

type answer struct {
	code   int
	header http.Header
	body   any
}

func parseSnapshot(t *testing.T, snap string) answer {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 "+crlf(snap))), nil)
	if err != nil {
		t.Fatalf("%v in %q", err, snap)
	}
	_, body, _ := strings.Cut(snap, "\n\n")
	return answer{res.StatusCode, res.Header, decoded(t, []byte(body))}
}

func crlf(snap string) string {
	head, _, _ := strings.Cut(snap, "\n\n")
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"
}

func decoded(t *testing.T, data []byte) (v any) {
	t.Helper()
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// The answers of served operations have the members the SDK's snapshots have.
func TestSDKResponses(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	d.workspaceOf(alice, "us-west-2", "pantry")
	base := "/workspaces/" + string(w.ID)
	configure := base + "/configuration"
	arn := strings.NewReplacer(":", "%3A", "/", "%2F").Replace(w.ARN().String())
	d.say(ask{by: &alice, method: "POST", url: "/tags/" + arn, body: `{"tags":{"key0":"v"}}`})
	d.say(ask{by: &alice, method: "PATCH", url: configure, body: `{"limitsPerLabelSet":[{"labelSet":{"key0":"v"},"limits":{"maxSeries":1}}]}`})
	d.workspaceOf(alice, "us-west-2", "kitchen")
	asks := map[string]ask{
		"CreateWorkspace":                {method: "POST", url: "/workspaces", body: `{"alias":"a","tags":{"key0":"v"}}`},
		"DescribeWorkspace":              {method: "GET", url: base},
		"ListWorkspaces":                 {method: "GET", url: "/workspaces?maxResults=1"},
		"DescribeWorkspaceConfiguration": {method: "GET", url: configure},
		"UpdateWorkspaceConfiguration":   {method: "PATCH", url: configure, body: `{"retentionPeriodInDays":3}`},
		"ListTagsForResource":            {method: "GET", url: "/tags/" + arn},
	}
	// What Hearth never has, or has only sometimes.
	absent := []string{"kmsKeyArn", "workspace.kmsKeyArn", "workspaces.kmsKeyArn", "status.statusReason",
		"workspaceConfiguration.status.statusReason", "workspaces.tags.key0"}
	snaps := snapshots(t, "response_snapshot", ".response.snap")
	for op, a := range asks {
		a.by = &alice
		status, body := d.say(a)
		if status/100 != 2 {
			t.Errorf("%s: %d %s", op, status, body)
			continue
		}
		want := members(parseSnapshot(t, snaps[op]).body, "")
		want = slices.DeleteFunc(want, func(m string) bool { return slices.Contains(absent, m) })
		got := slices.DeleteFunc(members(decoded(t, []byte(body)), ""), func(m string) bool { return slices.Contains(absent, m) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", op, diff)
		}
	}
}

// members are the paths of all members of a JSON value, lists flattened.
func members(v any, at string) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			all = append(all, members(e, strings.TrimPrefix(at+"."+k, "."))...)
		}
	case []any:
		for _, e := range v {
			all = append(all, members(e, at)...)
		}
	default:
		all = []string{at}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The tables agree with botocore's model on method, path and status of every
// operation; each is served or refused.
func TestBotocoreModel(t *testing.T) {
	model := map[string]map[string]call{}
	const script = `
import json, botocore.session as b
out = {}
for name in ("amp", "sts", "iam", "sns", "eks", "grafana"):
    m = b.get_session().get_service_model(name)
    ops = [m.operation_model(n) for n in m.operation_names]
    out[m.signing_name or name] = {o.name: {"method": o.http["method"], "path": o.http["requestUri"], "code": o.http.get("responseCode", 200)} for o in ops}
print(json.dumps(out))`
	out, err := exec.Command("python3", "-c", script).Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("python3 has no botocore (%v); CI has it", err)
	}
	if err == nil {
		err = json.Unmarshal(out, &model)
	}
	if err != nil {
		t.Fatalf("read botocore's model: %v", err)
	}
	s := &Server{}
	for op, want := range model["aps"] {
		r := apsTable(s)[op]
		if r == nil {
			t.Errorf("%s is neither served nor refused", op)
			continue
		}
		got := call{r.method, r.path, r.code}
		if r.refused() {
			got.Code = want.Code
		}
		if got != want {
			t.Errorf("%s is %+v, the model has %+v", op, got, want)
		}
	}
	eks := byAction(s.tables()["eks"])
	for op, want := range model["eks"] {
		if r := eks[op]; r == nil || r.method != want.Method || r.path != want.Path || !r.refused() && r.code != want.Code {
			t.Errorf("eks:%s is %+v, the model has %+v", op, r, want)
		}
	}
	if len(eks) != len(model["eks"]) {
		t.Errorf("%d operations of eks are known, the model has %d", len(eks), len(model["eks"]))
	}
	for _, service := range []string{"sts", "iam", "sns"} {
		for op := range model[service] {
			if byAction(s.tables()[service])[op] == nil {
				t.Errorf("%s:%s is neither served nor refused", service, op)
			}
		}
	}
	for op, want := range model["grafana"] {
		r := byAction(s.tables()["grafana"])[op]
		if r == nil {
			t.Errorf("grafana:%s is neither served nor refused", op)
		} else if got := (call{r.method, r.path, r.code}); got != want {
			t.Errorf("%s is %+v, the model has %+v", op, got, want)
		}
	}
	if n := len(model["aps"]); n != 44 {
		t.Errorf("the model has %d operations of aps, known are 44", n)
	}
}

// No row is open by mistake, and no two rows answer the same request.
func TestTables(t *testing.T) {
	seen := map[string]string{}
	for name, rows := range (&Server{}).tables() {
		for _, r := range rows {
			at := name + " " + r.method + " " + r.path
			if other, ok := seen[at]; ok {
				t.Errorf("%s is both %s and %s", at, other, r.action)
			}
			seen[at] = r.action
			if r.on == nobody {
				t.Errorf("%s names no target", r.action)
			}
			if r.serve != nil && (r.code == 0 || r.pass != nil) {
				t.Errorf("%s: a served row has a status and no pass", r.action)
			}
			if r.on == unsigned && !r.refused() && r.action != "sts:AssumeRoleWithWebIdentity" {
				t.Errorf("%s is served unsigned", r.action)
			}
		}
	}
}
