package dashboard

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A ruleQuery is one query or expression of an alert rule. Its model comes back
// as it was given.
type ruleQuery struct {
	RefID    string `json:"refId"`
	Kind     string `json:"queryType"`
	Relative struct {
		From int64 `json:"from"` // seconds before the evaluation
		To   int64 `json:"to"`
	} `json:"relativeTimeRange"`
	Source string          `json:"datasourceUid"`
	Model  json.RawMessage `json:"model"`
}

// An alertRule is a Grafana-managed alert rule, in the form of the provisioning API.
// https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
type alertRule struct {
	ID          int64             `json:"id"`
	UID         string            `json:"uid"`
	OrgID       int64             `json:"orgID"`
	Folder      string            `json:"folderUID"`
	Group       string            `json:"ruleGroup"`
	Title       string            `json:"title"`
	Condition   string            `json:"condition"`
	Data        []ruleQuery       `json:"data"`
	Updated     time.Time         `json:"updated"`
	NoData      string            `json:"noDataState"`
	Error       string            `json:"execErrState"`
	For         string            `json:"for"`
	Keep        string            `json:"keep_firing_for,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Missing     int64             `json:"missingSeriesEvalsToResolve,omitempty"` // evaluations without a series until its alert ends; 0: two
	Provenance  string            `json:"provenance,omitempty"`
	Paused      bool              `json:"isPaused"`
	Settings    *notifySettings   `json:"notification_settings,omitempty"`
	Record      json.RawMessage   `json:"record,omitempty"`
	Index       int               `json:"index,omitempty"` // within its group
	Version     int64             `json:"version,omitempty"`
}

// A ruleGroup is how often the rules of a group are evaluated.
type ruleGroup struct {
	Interval int64 `json:"interval"` // seconds
}

const (
	maxRules        = 2000
	maxRuleBytes    = 64 << 10
	maxRuleLabels   = 100
	maxRuleTexts    = 16 << 10 // bytes of all labels, and of all annotations
	defaultInterval = 60       // seconds
	maxLookBack     = 366      // days
	maxMissing      = 10000
)

func noRule() error { return missing("rule not found") }

func groupKey(id hearth.GrafanaID, folder, group string) string { return key(id, folder, group) }

// body is a rule on the wire.
func (a *alertRule) body() *alertRule {
	out := *a
	out.OrgID, out.Index, out.Version = 1, 0, 0
	return &out
}

// check brings a rule into form and says what is wrong with it.
func (a *alertRule) check() error {
	switch {
	case strings.TrimSpace(a.Title) == "" || len(a.Title) > maxSourceName:
		return invalid("title", "must have 1 to %d characters", maxSourceName)
	case a.Group == "" || len(a.Group) > maxSourceName || strings.Contains(a.Group, "/"):
		return invalid("ruleGroup", "must have 1 to %d characters and no slash", maxSourceName)
	case len(a.Record) > 0 && string(a.Record) != "null":
		return &hearth.Error{Kind: hearth.NotServed, Msg: "Grafana-managed recording rules are not served: put recording rules into a rule groups namespace of the metrics workspace."}
	}
	for _, s := range []struct {
		name    string
		value   *string
		allowed []string
	}{{"noDataState", &a.NoData, []string{"NoData", "OK", "Alerting", "KeepLast"}}, {"execErrState", &a.Error, []string{"Error", "OK", "Alerting", "KeepLast"}}} {
		if *s.value = orElse(*s.value, s.allowed[0]); !slices.Contains(s.allowed, *s.value) {
			return invalid(s.name, "must be one of %s", strings.Join(s.allowed, ", "))
		}
	}
	a.For = orElse(a.For, "0s")
	for name, text := range map[string]string{"for": a.For, "keep_firing_for": orElse(a.Keep, "0s")} {
		if _, err := parseDuration(text); err != nil {
			return invalid(name, "%v", err)
		}
	}
	if a.Missing < 0 || a.Missing > maxMissing {
		return invalid("missingSeriesEvalsToResolve", "must be 1 to %d", maxMissing)
	}
	if err := a.checkLabels(); err != nil {
		return err
	}
	return a.checkData()
}

func (a *alertRule) checkLabels() error {
	if len(a.Labels) > maxRuleLabels || len(a.Annotations) > maxRuleLabels {
		return invalid("labels", "labels and annotations must each be at most %d", maxRuleLabels)
	}
	for k := range a.Labels {
		if !labelName.MatchString(k) || strings.HasPrefix(k, "__") {
			return invalid("labels", "%q is no label name", k)
		}
	}
	if err := checkTexts("labels", a.Labels); err != nil {
		return err
	}
	return checkTexts("annotations", a.Annotations)
}

// checkTexts refuses templates that would expand without end, and texts that are
// very long: each of a rule's instances has them.
func checkTexts(field string, texts map[string]string) error {
	size := 0
	for name, text := range texts {
		if size += len(name) + len(text); size > maxRuleTexts {
			return invalid(field, "must have at most %d bytes", maxRuleTexts)
		}
		if err := hearth.CheckTemplate(templateHead, text); err != nil {
			return invalid(field+"."+name, "%v", err)
		}
	}
	return nil
}

func (a *alertRule) checkData() error {
	size := 0
	for i := range a.Data {
		size += len(a.Data[i].Model)
	}
	switch {
	case len(a.Data) == 0 || len(a.Data) > maxQueries:
		return invalid("data", "must be 1 to %d queries and expressions", maxQueries)
	case size > maxRuleBytes:
		return invalid("data", "must have at most %d bytes", maxRuleBytes)
	}
	queries, err := a.queries(time.Unix(1<<31, 0))
	if err != nil {
		return err
	}
	if _, err := ordered(queries); err != nil {
		return err
	}
	if !slices.ContainsFunc(queries, func(q *query) bool { return q.RefID == a.Condition }) {
		return invalid("condition", "there is no query or expression %q", a.Condition)
	}
	return nil
}

// queries are the rule's, for an evaluation at a time.
func (a *alertRule) queries(at time.Time) ([]*query, error) {
	out := make([]*query, 0, len(a.Data))
	for i := range a.Data {
		d := &a.Data[i]
		if d.Relative.From < 0 || d.Relative.From > maxLookBack*86400 || d.Relative.To < 0 || d.Relative.To > max(d.Relative.From, 0) {
			return nil, invalid("relativeTimeRange", "from and to are seconds before the evaluation, from the greater one, at most %d days", maxLookBack)
		}
		from := d.Relative.From
		if from == 0 {
			from = 600
		}
		q, err := readQuery(d.Model, at.Add(-time.Duration(from)*time.Second), at.Add(-time.Duration(d.Relative.To)*time.Second))
		if err != nil {
			return nil, err
		}
		if q.RefID, q.uid = orElse(d.RefID, q.RefID), orElse(d.Source, q.uid); q.uid == "-100" {
			q.uid = expressionUID
		}
		if q.uid == expressionUID && q.Expression.Type == "" {
			if err := json.Unmarshal(d.Model, &q.Expression); err != nil {
				return nil, invalid("model", "%v", err)
			}
		}
		out = append(out, q)
	}
	return out, nil
}

func rulesIn(tx store.Tx, id hearth.GrafanaID) ([]*alertRule, error) {
	list, err := all[alertRule](tx, ruleBucket, key(id))
	slices.SortFunc(list, func(a, b *alertRule) int {
		if n := strings.Compare(a.Folder+"\x00"+a.Group, b.Folder+"\x00"+b.Group); n != 0 {
			return n
		}
		return a.Index - b.Index
	})
	return list, err
}

func ruleIn(tx store.Tx, id hearth.GrafanaID, uid string) (*alertRule, error) {
	a, err := get[alertRule](tx, ruleBucket, key(id, uid))
	if err == nil && a == nil {
		err = noRule()
	}
	return a, err
}

// seenRule loads a rule of a folder in which who asks has the level.
func (c *Call) seenRule(tx store.Tx, level int) (*alertRule, error) {
	a, err := ruleIn(tx, c.id(), c.Param("uid"))
	if err != nil {
		return nil, err
	}
	if _, err := c.seenFolder(tx, a.Folder, level); err != nil {
		return nil, err
	}
	return a, nil
}

// provenance is "api" unless the request says that people may go on editing.
func (c *Call) provenance() string {
	if c.HTTP.Header.Get("X-Disable-Provenance") != "" {
		return ""
	}
	return "api"
}

// AlertRules lists the rules of folders that who asks may see.
func (r *Room) AlertRules(ctx context.Context, c *Call) (any, error) {
	out := []*alertRule{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := rulesIn(tx, c.id())
		if err != nil {
			return err
		}
		for _, a := range list {
			level, _, err := c.levelOf(tx, a.Folder, "")
			if err != nil {
				return err
			}
			if level >= levelView {
				out = append(out, a.body())
			}
		}
		return nil
	})
	return out, err
}

// AlertRule answers one rule.
func (r *Room) AlertRule(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		a, err := c.seenRule(tx, levelView)
		if err == nil {
			out = a.body()
		}
		return err
	})
	return out, err
}

// CreateAlertRule makes a rule.
func (r *Room) CreateAlertRule(ctx context.Context, c *Call) (any, error) {
	a := &alertRule{}
	if err := c.decode(a); err != nil {
		return nil, err
	}
	err := r.changeRules(ctx, c, func(tx store.Tx) error {
		if a.UID != "" {
			if have, err := get[alertRule](tx, ruleBucket, key(c.id(), a.UID)); err != nil || have != nil {
				if err == nil {
					err = &hearth.Error{Kind: hearth.Conflict, Msg: "a rule with this uid exists already"}
				}
				return err
			}
		}
		a.Provenance = c.provenance()
		return r.putOneRule(tx, c, a, nil)
	})
	return Reply{Code: http.StatusCreated, Body: a.body()}, err
}

// UpdateAlertRule replaces a rule.
func (r *Room) UpdateAlertRule(ctx context.Context, c *Call) (any, error) {
	a := &alertRule{}
	if err := c.decode(a); err != nil {
		return nil, err
	}
	err := r.changeRules(ctx, c, func(tx store.Tx) error {
		old, err := c.seenRule(tx, levelEdit)
		if err != nil {
			return err
		}
		a.UID, a.Provenance = old.UID, c.provenance()
		return r.putOneRule(tx, c, a, old)
	})
	return a.body(), err
}

// DeleteAlertRule deletes a rule. One that is not there is no error.
func (r *Room) DeleteAlertRule(ctx context.Context, c *Call) (any, error) {
	err := r.changeRules(ctx, c, func(tx store.Tx) error {
		a, err := c.seenRule(tx, levelEdit)
		if hearth.KindOf(err) == hearth.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Delete(ruleBucket, key(c.id(), a.UID))
	})
	return Reply{Code: http.StatusNoContent}, err
}

// changeRules runs a change of rules; then they are evaluated anew, and contact
// points that rules name have their routes.
func (r *Room) changeRules(ctx context.Context, c *Call, do func(tx store.Tx) error) error {
	return r.changeAlerting(ctx, c, do)
}

// putRule saves a rule into its folder and group, beside the list of all that there
// are. It returns the list with it.
func (r *Room) putRule(tx store.Tx, c *Call, a, old *alertRule, list []*alertRule) ([]*alertRule, error) {
	if err := r.checkRule(tx, c, a); err != nil {
		return list, err
	}
	if err := r.place(tx, c, a, old, list); err != nil {
		return list, err
	}
	a.OrgID, a.Updated, a.Version = 1, r.opts.Now().UTC(), a.Version+1
	if have, err := get[ruleGroup](tx, groupBucket, groupKey(c.id(), a.Folder, a.Group)); err != nil || have == nil {
		if err != nil {
			return list, err
		}
		if err := put(tx, groupBucket, groupKey(c.id(), a.Folder, a.Group), ruleGroup{defaultInterval}); err != nil {
			return list, err
		}
	}
	list = append(slices.DeleteFunc(list, func(o *alertRule) bool { return o.UID == a.UID }), a)
	return list, put(tx, ruleBucket, key(c.id(), a.UID), a)
}

// checkRule refuses a rule that is wrong, or not to be where it says.
func (r *Room) checkRule(tx store.Tx, c *Call, a *alertRule) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := checkUID(a.UID); err != nil {
		return err
	}
	if a.Folder == "" {
		return invalid("folderUID", "must not be empty: alert rules are kept in folders")
	}
	f, err := c.seenFolder(tx, a.Folder, levelEdit)
	if err != nil {
		return err
	}
	if f.ID == 0 {
		return invalid("folderUID", "alert rules cannot be kept in the General folder")
	}
	return nil
}

// place gives a rule its numbers, and a title that no other of its folder has.
func (r *Room) place(tx store.Tx, c *Call, a, old *alertRule, list []*alertRule) (err error) {
	if old == nil && len(list) >= maxRules {
		return &hearth.Error{Kind: hearth.Quota, Msg: "The Grafana workspace has as many alert rules as it may have."}
	}
	for _, o := range list {
		if o.Folder == a.Folder && o.Title == a.Title && o.UID != a.UID {
			return &hearth.Error{Kind: hearth.Conflict, Msg: "a conflicting alert rule is found: rule title under the same organisation and folder should be unique"}
		}
		if old == nil && o.Folder == a.Folder && o.Group == a.Group {
			a.Index = max(a.Index, o.Index+1)
		}
	}
	if old != nil {
		a.ID, a.Index, a.Version = old.ID, old.Index, old.Version
	} else if a.ID, err = next(tx, c.id(), "rule"); err != nil {
		return err
	}
	a.UID = orElse(a.UID, newUID())
	return nil
}

// putOneRule is putRule for one rule by itself.
func (r *Room) putOneRule(tx store.Tx, c *Call, a, old *alertRule) error {
	list, err := rulesIn(tx, c.id())
	if err == nil {
		_, err = r.putRule(tx, c, a, old, list)
	}
	return err
}

// dropRulesIn deletes the alert rules of a folder, if that is asked for.
func dropRulesIn(tx store.Tx, id hearth.GrafanaID, folder string, force bool) error {
	list, err := all[alertRule](tx, ruleBucket, key(id))
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Folder != folder {
			continue
		}
		if !force {
			return bad("folder cannot be deleted: it has alert rules; forceDeleteRules=true deletes them too")
		}
		if err := tx.Delete(ruleBucket, key(id, a.UID)); err != nil {
			return err
		}
	}
	return deleteAll(tx, groupBucket, key(id, folder, ""))
}
