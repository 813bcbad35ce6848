package alerting

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// ServeAPI answers upstream's API, version 2, for the workspace in the request's
// context, which the front door authorised. r.URL.Path is as at an Alertmanager:
// /api/v2/silences. What an answer acknowledges is in the store before it leaves.
func (r *Room) ServeAPI(w http.ResponseWriter, q *http.Request) error {
	ws, ok := hearth.WorkspaceFrom(q.Context())
	if !ok {
		return &hearth.Error{Kind: hearth.NotFound, Type: "AWS::APS::Workspace", Msg: "Workspace not found"}
	}
	return r.with(q.Context(), ws, func(a *alertmanager) error {
		if q.URL.Path == "/api/v2/status" {
			return a.status(w)
		}
		out := &held{header: http.Header{}}
		a.handler.ServeHTTP(out, q)
		if err := a.journal.flush(q.Context()); err != nil {
			return err
		}
		out.send(w)
		return nil
	})
}

// status answers in AMP's form: no cluster, no version, and the configuration
// with its defaults and the workspace it speaks for.
func (a *alertmanager) status(w http.ResponseWriter) error {
	text := a.current.Load().definition.Config.String()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err == nil && len(doc.Content) == 1 {
		nameWorkspace(doc.Content[0], a.ws.ARN().String(), a.room.opts.Profile)
		if out, err := yaml.Marshal(&doc); err == nil {
			text = string(out)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{
		"cluster": nil, "config": map[string]string{"original": text}, "uptime": nil, "versionInfo": nil,
	})
}

// nameWorkspace adds workspace_arn to every topic, as AWS does. amtool knows no such
// field and reads nothing else then: in profile local it is a comment.
func nameWorkspace(n *yaml.Node, arn string, p hearth.Profile) {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		value := n.Content[i+1]
		if n.Content[i].Value != "sns_configs" {
			nameWorkspace(value, arn, p)
			continue
		}
		for _, c := range value.Content {
			if p == hearth.Local {
				topicOf(c).LineComment = "workspace_arn: " + arn
				continue
			}
			c.Content = append(c.Content,
				&yaml.Node{Kind: yaml.ScalarNode, Value: "workspace_arn"}, &yaml.Node{Kind: yaml.ScalarNode, Value: arn})
		}
	}
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			nameWorkspace(c, arn, p)
		}
	}
}

// topicOf is the value of topic_arn, which every topic has.
func topicOf(c *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(c.Content); i += 2 {
		if c.Content[i].Value == "topic_arn" {
			return c.Content[i+1]
		}
	}
	return c
}

// held is an answer that waits.
type held struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header is http.ResponseWriter's.
func (h *held) Header() http.Header { return h.header }

// WriteHeader is http.ResponseWriter's.
func (h *held) WriteHeader(code int) {
	if h.code == 0 {
		h.code = code
	}
}

// Write is http.ResponseWriter's.
func (h *held) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

func (h *held) send(w http.ResponseWriter) {
	for name, values := range h.header {
		if !strings.EqualFold(name, "Content-Length") {
			w.Header()[name] = values
		}
	}
	if h.code == 0 {
		h.code = http.StatusOK
	}
	w.WriteHeader(h.code)
	_, _ = w.Write(h.body.Bytes())
}
