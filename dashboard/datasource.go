package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The types of data sources that are asked here; others are kept and proxied.
const (
	typePrometheus = "prometheus"
	typeAMP        = "grafana-amazonprometheus-datasource"
)

// A source is a data source. Secrets are sealed.
type source struct {
	ID              int64             `json:"id"`
	UID             string            `json:"uid"`
	Name            string            `json:"name"`
	Type            string            `json:"type"`
	Access          string            `json:"access"`
	URL             string            `json:"url"`
	User            string            `json:"user,omitempty"`
	Database        string            `json:"database,omitempty"`
	BasicAuth       bool              `json:"basicAuth,omitempty"`
	BasicAuthUser   string            `json:"basicAuthUser,omitempty"`
	WithCredentials bool              `json:"withCredentials,omitempty"`
	Default         bool              `json:"isDefault,omitempty"`
	JSON            json.RawMessage   `json:"jsonData,omitempty"`
	Sealed          map[string][]byte `json:"sealed,omitempty"`
	Version         int               `json:"version"`
	ReadOnly        bool              `json:"readOnly,omitempty"` // kept by files or by the workspace itself
	File            string            `json:"file,omitempty"`     // the provisioning file that keeps it
	Prune           bool              `json:"prune,omitempty"`    // it does not outlive its place there
	Created         time.Time         `json:"created"`
	Updated         time.Time         `json:"updated"`
}

const (
	maxSources     = 1000
	maxSourceName  = 190
	maxSourceJSON  = 64 << 10
	maxSecretBytes = 64 << 10
)

var typePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9\-]{0,99}$`)

// settings are what Hearth reads of a data source's jsonData.
type settings struct {
	SigV4      bool   `json:"sigV4Auth"`
	AuthType   string `json:"sigV4AuthType"`
	Region     string `json:"sigV4Region"`
	Assume     string `json:"sigV4AssumeRoleArn"`
	Method     string `json:"httpMethod"`
	Interval   string `json:"timeInterval"`
	TLSSkip    bool   `json:"tlsSkipVerify"`
	TLSCA      bool   `json:"tlsAuthWithCACert"`
	TLSClient  bool   `json:"tlsAuth"`
	OAuth      bool   `json:"oauthPassThru"`
	ServerName string `json:"serverName"`
}

func (s *source) settings() (out settings) {
	_ = json.Unmarshal(s.JSON, &out) // it was checked when it was saved
	return out
}

// a text of jsonData, such as httpHeaderName1.
func (s *source) text(name string) string {
	var all map[string]any
	_ = json.Unmarshal(s.JSON, &all)
	v, _ := all[name].(string)
	return v
}

func (s *source) prometheus() bool { return s.Type == typePrometheus || s.Type == typeAMP }

func noSource() error { return missing("Data source not found") }

// about ties a secret to its place, so that it cannot be moved to another.
func (s *source) about(id hearth.GrafanaID, name string) string {
	return string(id) + "/" + s.UID + "/" + name
}

// secret opens one of the data source's secrets; empty if it has none.
func (r *Room) secret(id hearth.GrafanaID, s *source, name string) (string, error) {
	box, ok := s.Sealed[name]
	if !ok {
		return "", nil
	}
	plain, err := r.opts.Sealer.Open(box, s.about(id, name))
	if err != nil {
		return "", fmt.Errorf("open %s of data source %s: %w", name, s.UID, err)
	}
	return string(plain), nil
}

func sourcesIn(tx store.Tx, id hearth.GrafanaID) ([]*source, error) {
	list, err := all[source](tx, sourceBucket, key(id))
	slices.SortFunc(list, func(a, b *source) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list, err
}

// body is a data source as Grafana answers it, without what is secret.
func (s *source) body() map[string]any {
	secrets := map[string]bool{}
	for name := range s.Sealed {
		secrets[name] = true
	}
	return map[string]any{
		"id": s.ID, "uid": s.UID, "orgId": 1, "name": s.Name, "type": s.Type, "typeLogoUrl": "", "access": s.Access, "url": s.URL,
		"user": s.User, "database": s.Database, "basicAuth": s.BasicAuth, "basicAuthUser": s.BasicAuthUser, "withCredentials": s.WithCredentials,
		"isDefault": s.Default, "jsonData": s.json(), "secureJsonFields": secrets, "version": s.Version, "readOnly": s.ReadOnly,
	}
}

func (s *source) json() json.RawMessage {
	if len(s.JSON) == 0 {
		return json.RawMessage("{}")
	}
	return s.JSON
}

var typeNames = map[string]string{typePrometheus: "Prometheus", typeAMP: "Amazon Managed Service for Prometheus"}

// Sources lists the data sources.
func (r *Room) Sources(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := sourcesIn(tx, c.id())
		for _, s := range list {
			b := s.body()
			delete(b, "secureJsonFields")
			delete(b, "version")
			b["typeName"] = orElse(typeNames[s.Type], s.Type)
			out = append(out, b)
		}
		return err
	})
	return out, err
}

// byWhat finds a data source in the way the row's path names it.
func (c *Call) byWhat(tx store.Tx) (*source, error) {
	if uid := c.Param("uid"); uid != "" {
		return sourceByUID(tx, c.id(), uid)
	}
	name, n := c.Param("name"), c.Param("id")
	list, err := sourcesIn(tx, c.id())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(s *source) bool {
		return name != "" && s.Name == name || name == "" && strconv.FormatInt(s.ID, 10) == n
	})
	if i < 0 {
		return nil, noSource()
	}
	return list[i], nil
}

func sourceByUID(tx store.Tx, id hearth.GrafanaID, uid string) (*source, error) {
	s, err := get[source](tx, sourceBucket, key(id, uid))
	if err == nil && s == nil {
		err = noSource()
	}
	return s, err
}

// find loads the data source that a call is about.
func (r *Room) find(ctx context.Context, c *Call) (s *source, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err = c.byWhat(tx)
		return err
	})
	return s, err
}

// SourceOf answers one data source.
func (r *Room) SourceOf(ctx context.Context, c *Call) (any, error) {
	s, err := r.find(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.body(), nil
}

// SourceID answers the number of the data source with a name.
func (r *Room) SourceID(ctx context.Context, c *Call) (any, error) {
	s, err := r.find(ctx, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": s.ID}, nil
}

// sourceInput is what a data source is made or changed by.
type sourceInput struct {
	UID             string            `json:"uid"`
	Name            string            `json:"name"`
	Type            string            `json:"type"`
	Access          string            `json:"access"`
	URL             string            `json:"url"`
	User            string            `json:"user"`
	Database        string            `json:"database"`
	BasicAuth       bool              `json:"basicAuth"`
	BasicAuthUser   string            `json:"basicAuthUser"`
	WithCredentials bool              `json:"withCredentials"`
	Default         bool              `json:"isDefault"`
	JSON            json.RawMessage   `json:"jsonData"`
	Secure          map[string]string `json:"secureJsonData"`
	Version         *int              `json:"version"`
}

func (in *sourceInput) check() error {
	in.Name = strings.TrimSpace(in.Name)
	switch {
	case in.Name == "" || len(in.Name) > maxSourceName:
		return invalid("name", "must have 1 to %d characters", maxSourceName)
	case !typePattern.MatchString(in.Type):
		return invalid("type", "must be the id of a data source plugin, such as prometheus")
	case in.Access != "" && in.Access != "proxy" && in.Access != "direct":
		return invalid("access", "must be proxy or direct")
	case len(in.JSON) > maxSourceJSON:
		return invalid("jsonData", "must have at most %d bytes", maxSourceJSON)
	}
	if err := checkUID(in.UID); err != nil {
		return err
	}
	if len(in.JSON) > 0 && string(in.JSON) != "null" {
		if _, err := membersOf(in.JSON); err != nil {
			return invalid("jsonData", "%v", err)
		}
		var s settings
		if err := json.Unmarshal(in.JSON, &s); err != nil {
			return invalid("jsonData", "%v", err)
		}
	}
	size := 0
	for _, v := range in.Secure {
		size += len(v)
	}
	if size > maxSecretBytes || len(in.Secure) > 100 {
		return invalid("secureJsonData", "must have at most 100 entries and %d bytes", maxSecretBytes)
	}
	return checkSourceURL(in.URL)
}

// checkSourceURL refuses an address that could not be asked. Where it may lead is
// checked when it is asked.
func checkSourceURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || len(text) > 2048 {
		return invalid("url", "must be an http or https URL of at most 2048 characters")
	}
	if u.User != nil {
		return invalid("url", "must not have a user and password: give basicAuthUser and secureJsonData.basicAuthPassword, which are kept sealed")
	}
	if strings.Contains(u.Path, "..") || strings.ContainsAny(u.Path, "\\\x00") {
		return invalid("url", "must not have .. or \\ in its path")
	}
	return nil
}

// apply takes the input over into s and seals its secrets. Secrets that are not
// mentioned stay.
func (r *Room) apply(id hearth.GrafanaID, s *source, in *sourceInput) {
	s.Name, s.Type, s.Access, s.URL, s.User, s.Database = in.Name, in.Type, orElse(in.Access, "proxy"), in.URL, in.User, in.Database
	s.BasicAuth, s.BasicAuthUser, s.WithCredentials, s.Default = in.BasicAuth, in.BasicAuthUser, in.WithCredentials, in.Default
	if s.JSON = in.JSON; string(in.JSON) == "null" {
		s.JSON = nil
	}
	s.Sealed = maps.Clone(s.Sealed)
	for name, v := range in.Secure {
		if s.Sealed == nil {
			s.Sealed = map[string][]byte{}
		}
		s.Sealed[name] = r.opts.Sealer.Seal([]byte(v), s.about(id, name))
		if v == "" {
			delete(s.Sealed, name)
		}
	}
	s.Updated = r.opts.Now().UTC()
}

// putSource saves a data source. The first one is the default; another that
// becomes the default takes it over.
func putSource(tx store.Tx, id hearth.GrafanaID, s *source) error {
	list, err := sourcesIn(tx, id)
	if err != nil {
		return err
	}
	for _, o := range list {
		switch {
		case o.UID == s.UID:
		case o.Name == s.Name:
			return &hearth.Error{Kind: hearth.Conflict, Msg: "data source with the same name already exists"}
		case o.Default && s.Default:
			o.Default = false
			if err := put(tx, sourceBucket, key(id, o.UID), o); err != nil {
				return err
			}
		}
	}
	return put(tx, sourceBucket, key(id, s.UID), s)
}

func (r *Room) addSource(tx store.Tx, id hearth.GrafanaID, in *sourceInput) (*source, error) {
	if in.UID == "" {
		in.UID = newUID()
	}
	if have, err := get[source](tx, sourceBucket, key(id, in.UID)); err != nil || have != nil {
		if err == nil {
			err = &hearth.Error{Kind: hearth.Conflict, Msg: "data source with the same uid already exists"}
		}
		return nil, err
	}
	if err := roomFor(tx, sourceBucket, key(id), maxSources, "data sources"); err != nil {
		return nil, err
	}
	n, err := next(tx, id, "datasource")
	if err != nil {
		return nil, err
	}
	s := &source{ID: n, UID: in.UID, Version: 1, Created: r.opts.Now().UTC()}
	r.apply(id, s, in)
	return s, putSource(tx, id, s)
}

// AddSource makes a data source.
func (r *Room) AddSource(ctx context.Context, c *Call) (any, error) {
	var in sourceInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var s *source
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		s, err = r.addSource(tx, c.id(), &in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"datasource": s.body(), "id": s.ID, "message": "Datasource added", "name": s.Name}, nil
}

// UpdateSource changes a data source. With a version, it must be the one it has.
func (r *Room) UpdateSource(ctx context.Context, c *Call) (any, error) {
	var in sourceInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var s *source
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if s, err = c.changeable(tx); err != nil {
			return err
		}
		if in.Version != nil && *in.Version != 0 && *in.Version != s.Version {
			return &hearth.Error{Kind: hearth.Conflict, Msg: "Datasource has already been updated by someone else. Please reload and try again"}
		}
		if in.UID != "" && in.UID != s.UID {
			return invalid("uid", "cannot be changed: delete the data source and make another")
		}
		r.apply(c.id(), s, &in)
		s.Version++
		return putSource(tx, c.id(), s)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"datasource": s.body(), "id": s.ID, "message": "Datasource updated", "name": s.Name}, nil
}

// changeable finds a data source that is not kept by something else.
func (c *Call) changeable(tx store.Tx) (*source, error) {
	s, err := c.byWhat(tx)
	if err == nil && s.ReadOnly {
		err = &hearth.Error{Kind: hearth.Denied, Msg: "Cannot change a read-only data source: a provisioning file keeps it"}
	}
	return s, err
}

// DeleteSource deletes a data source.
func (r *Room) DeleteSource(ctx context.Context, c *Call) (any, error) {
	var s *source
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if s, err = c.changeable(tx); err != nil {
			return err
		}
		return tx.Delete(sourceBucket, key(c.id(), s.UID))
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": s.ID, "message": "Data source deleted"}, nil
}
