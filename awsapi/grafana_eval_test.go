package awsapi

import (
	"strings"
	"testing"
)

// TestGrafanaRulePreview asks what the editor of alert rules asks: what the queries and
// expressions of a rule give now, each with its values.
func TestGrafanaRulePreview(t *testing.T) {
	d := openDesk(t, "preview")
	d.failures.sources = nil
	const body = `{"condition":"B","data":[` +
		`{"refId":"A","datasourceUid":"__expr__","model":{"refId":"A","type":"math","expression":"6 * 7"}},` +
		`{"refId":"B","datasourceUid":"__expr__","model":{"refId":"B","type":"threshold","expression":"A","conditions":[{"evaluator":{"type":"gt","params":[40]}}]}}]}`
	status, text := d.door.say(grafanaAsk(d.w, d.cast.tokens[1], "POST", "/api/v1/eval", body))
	if status != 200 || !strings.Contains(text, `"values":[[42]]`) || !strings.Contains(text, `"values":[[1]]`) {
		t.Errorf("%d %s, want the values 42 and 1", status, text)
	}
}
