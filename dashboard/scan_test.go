package dashboard

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sentFrame is a frame as a browser reads it.
type sentFrame struct {
	Schema any
	Data   struct {
		Values   [][]any
		Entities []map[string][]int
	}
}

// sent is what a browser gets of an outcome.
func sent(t *testing.T, o *outcome) (frames []sentFrame) {
	t.Helper()
	text, err := appendFrames(nil, o.frames(&query{RefID: "A", Legend: "{{a}}"}, "x", 15_000))
	if err == nil {
		err = json.Unmarshal(text, &frames)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return frames
}

// What is scanned is what would have been understood, to the last digit.
func wantScanned(t *testing.T, body string) bool {
	t.Helper()
	fast, ok := scan(http.StatusOK, []byte(body))
	if !ok {
		return false
	}
	slow, err := readAnswer(http.StatusOK, []byte(body))
	if err != nil {
		t.Fatalf("%s: scanned, though %v", body, err)
	}
	if d := cmp.Diff(sent(t, slow), sent(t, fast)); d != "" {
		t.Fatalf("%s (-understood +scanned):\n%s", body, d)
	}
	return true
}

const matrixHead = `{"status":"success","data":{"resultType":"matrix","result":[`

var answers = []string{
	matrixHead + `{"metric":{"__name__":"up","a":"x"},"values":[[1732190400,"1"],[1732190415.5,"NaN"],[1732190430,"-0.25"]]},{"metric":{},"values":[[1732190400.125,"1e+21"]]}]}}`,
	matrixHead + `]}}`,
	matrixHead + `{"metric":{"a":"\"\u00e9\\"},"values":[[1732190400,"+Inf"],[1732190401,"-Inf"],[1732190402,"+Inf"]]}]},"warnings":["slow \"one\""],"infos":["no counter"]}`,
	`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"é"},"value":[1732190400.781,"3"]},{"metric":{"a":"b"},"value":[1732190400.781,"0.1"]}]}}`,
}

func TestScan(t *testing.T) {
	for _, body := range answers {
		if !wantScanned(t, body) {
			t.Errorf("not scanned: %s", body)
		}
	}
	for _, body := range []string{
		matrixHead, answers[0] + " ", strings.Replace(answers[0], `"1"`, `"01"`, 1), strings.Replace(answers[0], `"1"`, `1`, 1), strings.Replace(answers[0], "1732190400,", "1732190400.,", 1),
		strings.Replace(answers[0], `"x"`, "\"\xff\"", 1), strings.Replace(answers[0], `"1"`, `"1e999"`, 1), strings.Replace(answers[0], `],[`, `]},[`, 1),
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"histograms":[[1,{"count":"1"}]]}]}}`, `{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`, ``,
	} {
		if _, ok := scan(http.StatusOK, []byte(body)); ok {
			t.Errorf("scanned: %s", body)
		}
	}
	if _, ok := scan(http.StatusBadRequest, []byte(answers[0])); ok {
		t.Error("a refusal was scanned")
	}
}

func FuzzScan(f *testing.F) {
	for _, body := range answers {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) { wantScanned(t, body) })
}

// BenchmarkPanel is a panel of forty series of an hour, from the workspace's answer
// to what the browser gets.
func BenchmarkPanel(b *testing.B) {
	var body strings.Builder
	body.WriteString(matrixHead)
	for s := range 40 {
		body.WriteString(strings.Repeat(",", min(s, 1)) + `{"metric":{"namespace":"team-` + string(rune('a'+s%26)) + `"},"values":[[1732190400,"0.123456789012"]` + strings.Repeat(`,[1732190415,"17.00390625"]`, 240) + "]}")
	}
	body.WriteString("]}}")
	a := []byte(body.String())
	for _, way := range []struct {
		name string
		read func() (*outcome, error)
	}{
		{"scanned", func() (*outcome, error) { o, _ := scan(http.StatusOK, a); return o, nil }},
		{"understood", func() (*outcome, error) { return readAnswer(http.StatusOK, a) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(a)))
			b.ReportAllocs()
			for b.Loop() {
				o, err := way.read()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := encodeResults(map[string]result{"A": {Status: 200, Frames: o.frames(&query{RefID: "A"}, "x", 15_000)}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
