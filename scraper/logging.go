package scraper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The parts of a scraper that log.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-vended-logs.html
const (
	ServiceDiscovery = "SERVICE_DISCOVERY"
	Collector        = "COLLECTOR"
	Exporter         = "EXPORTER"
)

// A Component is a part of a scraper whose lines are wanted.
type Component struct {
	Type    string            `json:"type"`
	Options map[string]string `json:"options,omitempty"`
}

// Logging is a scraper's logging configuration. Its lines are in the ledger,
// whether there is one or not; the log group is kept and told again.
type Logging struct {
	LogGroup   string      `json:"logGroup"`
	Components []Component `json:"components"`
	ModifiedAt time.Time   `json:"modifiedAt"`
}

const maxOptions = 20

// SetLogging makes or replaces the logging configuration of a scraper.
func (r *Room) SetLogging(ctx context.Context, id string, in Logging) error {
	var p problems
	p.checkID(id)
	p.checkARN("loggingDestination.cloudWatchLogs.logGroupArn", in.LogGroup, logGroupPattern)
	p.checkComponents(&in)
	if err := p.Err(); err != nil {
		return err
	}
	in.ModifiedAt = r.opts.Now().UTC()
	req := request{op: "UpdateScraperLoggingConfiguration", id: id, summary: "Logging of a scraper changed."}
	_, err := r.perform(ctx, req, func(tx store.Tx, rec *record) (*record, error) {
		if rec == nil {
			return nil, notFound(id)
		}
		buf, err := json.Marshal(in)
		if err == nil {
			err = tx.Put(loggingBucket, rec.key(), buf)
		}
		if err != nil {
			return nil, fmt.Errorf("save the logging of scraper %s: %w", id, err)
		}
		return rec, nil
	})
	return err
}

func (p *problems) checkComponents(in *Logging) {
	if in.Components == nil {
		in.Components = []Component{{Type: ServiceDiscovery}, {Type: Collector}, {Type: Exporter}}
	}
	seen := map[string]bool{}
	for _, c := range in.Components {
		if c.Type != ServiceDiscovery && c.Type != Collector && c.Type != Exporter {
			p.Add("scraperComponents.type", "Member must satisfy enum value set: [%s, %s, %s]", ServiceDiscovery, Collector, Exporter)
		}
		if seen[c.Type] {
			p.Add("scraperComponents", "%s must be there once only", c.Type)
		}
		seen[c.Type] = true
		if len(c.Options) > maxOptions {
			p.Add("scraperComponents.config.options", "Member must have at most %d entries", maxOptions)
		}
	}
	if len(in.Components) == 0 {
		p.Add("scraperComponents", "Member must have at least one entry")
	}
}

// LoggingOf tells the logging configuration of a scraper.
func (r *Room) LoggingOf(ctx context.Context, id string) (Logging, error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return Logging{}, err
	}
	c := hearth.CallerFrom(ctx)
	var out Logging
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := load(tx, keyOf(c.Account, c.Region, id))
		if err != nil {
			return err
		}
		if rec == nil {
			return notFound(id)
		}
		return readLogging(tx, rec, &out)
	})
	return out, err
}

func readLogging(tx store.Tx, rec *record, out *Logging) error {
	buf, err := tx.Get(loggingBucket, rec.key())
	if errors.Is(err, store.ErrNotFound) {
		return noLogging(rec.ID)
	}
	if err != nil {
		return fmt.Errorf("read the logging of scraper %s: %w", rec.ID, err)
	}
	return json.Unmarshal(buf, out)
}

func noLogging(id string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: id, Type: "AWS::APS::ScraperLoggingConfiguration",
		Msg: "The scraper has no logging configuration"}
}

// DeleteLogging removes the logging configuration of a scraper.
func (r *Room) DeleteLogging(ctx context.Context, id string, token *string) error {
	var p problems
	p.checkID(id)
	p.CheckToken(token)
	if err := p.Err(); err != nil {
		return err
	}
	req := request{op: "DeleteScraperLoggingConfiguration", id: id, token: token, summary: "Logging of a scraper ended."}
	_, err := r.perform(ctx, req, func(tx store.Tx, rec *record) (*record, error) {
		if rec == nil {
			return nil, notFound(id)
		}
		var old Logging
		if err := readLogging(tx, rec, &old); err != nil {
			return nil, err
		}
		if err := tx.Delete(loggingBucket, rec.key()); err != nil {
			return nil, fmt.Errorf("delete the logging of scraper %s: %w", id, err)
		}
		return rec, nil
	})
	return err
}
