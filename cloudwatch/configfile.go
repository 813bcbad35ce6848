package cloudwatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxConfigBytes is how long a configuration file may be.
const maxConfigBytes = 1 << 20

// The file as it is written. Beside today's keys there are those of older YACE
// versions: region, roleArn and roleArns, awsDimensions, enableMetricData,
// addHistoricalMetrics, and tags with capital keys.
type file struct {
	APIVersion string `yaml:"apiVersion"`
	STSRegion  string `yaml:"sts-region"`
	Discovery  struct {
		ExportedTags map[string][]string `yaml:"exportedTagsOnMetrics"`
		Jobs         []fileJob           `yaml:"jobs"`
	} `yaml:"discovery"`
	Static          []fileStatic `yaml:"static"`
	CustomNamespace []fileCustom `yaml:"customNamespace"`
}

type fileWhere struct {
	Regions  []string   `yaml:"regions"`
	Region   string     `yaml:"region"`
	Roles    []fileRole `yaml:"roles"`
	RoleARN  string     `yaml:"roleArn"`
	RoleARNs []string   `yaml:"roleArns"`
}

type fileRole struct {
	ARN        string `yaml:"roleArn"`
	ExternalID string `yaml:"externalId"`
}

type fileTag struct {
	Key      string `yaml:"key"`
	Value    string `yaml:"value"`
	OldKey   string `yaml:"Key"`
	OldValue string `yaml:"Value"`
}

func (t fileTag) key() string   { return t.Key + t.OldKey }
func (t fileTag) value() string { return t.Value + t.OldValue }

// fileLevel is what a job may say for all its metrics.
type fileLevel struct {
	Statistics []string `yaml:"statistics"`
	Period     int64    `yaml:"period"`
	Length     int64    `yaml:"length"`
	Delay      int64    `yaml:"delay"`
	NilToZero  *bool    `yaml:"nilToZero"`
	Timestamps *bool    `yaml:"addCloudwatchTimestamp"`
	AllPoints  *bool    `yaml:"exportAllDataPoints"`
}

// fileFilter is how metrics are selected by ListMetrics.
type fileFilter struct {
	RequireDimensions []string `yaml:"dimensionNameRequirements"`
	RecentlyActive    bool     `yaml:"recentlyActiveOnly"`
	RoundingPeriod    *int64   `yaml:"roundingPeriod"`
	EnableMetricData  *bool    `yaml:"enableMetricData"`
	Historical        *bool    `yaml:"addHistoricalMetrics"`
}

type fileJob struct {
	fileWhere      `yaml:",inline"`
	fileLevel      `yaml:",inline"`
	fileFilter     `yaml:",inline"`
	Type           string    `yaml:"type"`
	SearchTags     []fileTag `yaml:"searchTags"`
	CustomTags     []fileTag `yaml:"customTags"`
	WithDimensions []string  `yaml:"awsDimensions"`
	InfoContext    bool      `yaml:"includeContextOnInfoMetrics"`
	Enhanced       []struct {
		Name string `yaml:"name"`
	} `yaml:"enhancedMetrics"`
	Metrics []fileMetric `yaml:"metrics"`
}

type fileStatic struct {
	fileWhere  `yaml:",inline"`
	Name       string    `yaml:"name"`
	Namespace  string    `yaml:"namespace"`
	CustomTags []fileTag `yaml:"customTags"`
	Dimensions []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"dimensions"`
	Metrics []fileMetric `yaml:"metrics"`
}

type fileCustom struct {
	fileWhere  `yaml:",inline"`
	fileLevel  `yaml:",inline"`
	fileFilter `yaml:",inline"`
	Name       string       `yaml:"name"`
	Namespace  string       `yaml:"namespace"`
	CustomTags []fileTag    `yaml:"customTags"`
	Metrics    []fileMetric `yaml:"metrics"`
}

type fileMetric struct {
	fileLevel  `yaml:",inline"`
	Name       string `yaml:"name"`
	Historical *bool  `yaml:"addHistoricalMetrics"`
}

// A Fault is something wrong, or worth a word, at a line of a file.
type Fault struct {
	Line int    // 0 if it concerns the whole file
	Path string // discovery.jobs[0].type
	Msg  string
}

func (f Fault) String() string {
	s := f.Msg
	if f.Path != "" {
		s = f.Path + ": " + s
	}
	if f.Line > 0 {
		s = fmt.Sprintf("line %d: %s", f.Line, s)
	}
	return s
}

// Parse reads a configuration file. The Config is nil if there are faults; all of
// them are told, in order of their lines.
func Parse(text []byte) (*Config, []Fault) {
	if len(text) > maxConfigBytes {
		return nil, []Fault{{Msg: fmt.Sprintf("the file is larger than %d bytes", maxConfigBytes)}}
	}
	var f file
	if faults := decode(text, &f); len(faults) > 0 {
		return nil, faults
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, []Fault{{Msg: err.Error()}}
	}
	c := checking{root: &root}
	out := c.config(&f)
	if len(c.faults) > 0 {
		slices.SortStableFunc(c.faults, func(a, b Fault) int { return a.Line - b.Line })
		return nil, c.faults
	}
	out.Notes = c.notes
	return out, nil
}

// decode is strict: a key nobody reads is a fault.
func decode(text []byte, f *file) (faults []Fault) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	switch err := d.Decode(f); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return yamlFaults(err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return []Fault{{Msg: "holds more than one YAML document"}}
	}
	return nil
}

var (
	atLine     = regexp.MustCompile(`^(?:yaml: )?line ([0-9]+): (.*)$`)
	unknownKey = regexp.MustCompile(`^field (\S+) not found in type cloudwatch\.file(\w*)$`)
	wrongType  = regexp.MustCompile(`^cannot unmarshal (.*) into (.*)$`)
)

func yamlFaults(err error) (faults []Fault) {
	if e, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, msg := range e.Errors {
			faults = append(faults, yamlFault(msg))
		}
		return faults
	}
	return []Fault{yamlFault(err.Error())}
}

// yamlFault says in a user's words what the decoder says in Go's.
func yamlFault(msg string) Fault {
	f := Fault{Msg: msg}
	if m := atLine.FindStringSubmatch(msg); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		f.Msg = m[2]
	}
	if m := unknownKey.FindStringSubmatch(f.Msg); m != nil {
		f.Msg = fmt.Sprintf("unknown key %q in %s", m[1], placeOf[m[2]])
	}
	if m := wrongType.FindStringSubmatch(f.Msg); m != nil {
		f.Msg = fmt.Sprintf("%s is not %s", strings.NewReplacer("!!str ", "the text ", "!!int ", "the number ", "!!bool ", "", "!!seq", "a list", "!!map", "a mapping").Replace(m[1]), kindOf(m[2]))
	}
	return f
}

var placeOf = map[string]string{
	"": "the file", "Job": "a discovery job", "Static": "a static job", "Custom": "a custom namespace job",
	"Metric": "a metric", "Role": "a role", "Tag": "a tag",
}

func kindOf(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "string":
		return "a text"
	case goType == "int64":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	}
	return "a mapping"
}
