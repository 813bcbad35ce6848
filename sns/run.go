package sns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

const (
	sweepEvery  = time.Hour
	storeRetry  = 10 * time.Second // until a store that could not write is asked again
	loadAtOnce  = 1000
	finishLimit = 30 * time.Second // to write how an attempt ended
)

// enqueue hands stored deliveries to Run.
func (r *Room) enqueue(all []job) {
	if len(all) > 0 {
		r.queue.add(all)
	}
}

// Run delivers what was published, also before the last restart, until ctx ends.
// What is under way then is tried again by the next Run.
func (r *Room) Run(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("read deliveries: %w", err)
	}
	var workers sync.WaitGroup
	defer workers.Wait()
	free := make(chan struct{}, maxWorkers)
	swept := r.opts.After(0)
	for {
		wait, ok := r.start(ctx, &workers, free)
		var due <-chan time.Time
		if ok {
			due = r.opts.After(wait)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.queue.wake:
		case <-due:
		case <-swept:
			if err := r.sweep(ctx); err != nil && ctx.Err() == nil {
				r.opts.Log.Warn("subscriptions not swept", "err", err)
			}
			swept = r.opts.After(sweepEvery)
		}
	}
}

// start begins what is due as far as workers are free. It returns how long until
// more is due, if anything will be by itself.
func (r *Room) start(ctx context.Context, workers *sync.WaitGroup, free chan struct{}) (wait time.Duration, ok bool) {
	for {
		select {
		case free <- struct{}{}:
		default:
			return 0, false // the next worker to end wakes us
		}
		j, found, wait := r.queue.next(r.opts.Now())
		if !found {
			<-free
			return wait, wait >= 0
		}
		workers.Go(func() {
			again := r.attempt(ctx, &j)
			<-free
			r.queue.done(j, again)
		})
	}
}

// load queues every stored delivery.
func (r *Room) load(ctx context.Context) error {
	after := ""
	for {
		var all []job
		err := r.opts.Store.View(ctx, func(tx store.Tx) error {
			entries, err := tx.Scan(deliveryBucket, "", after, loadAtOnce)
			if err != nil {
				return err
			}
			for _, e := range entries {
				after = e.Key
				var d delivery
				if err := json.Unmarshal(e.Value, &d); err != nil {
					return fmt.Errorf("%s %s: %w", deliveryBucket, e.Key, err)
				}
				all = append(all, d.job())
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return nil
		}
		r.enqueue(all)
	}
}

// attempt tries a delivery once. again says that j, with its new due time, must
// be tried later.
func (r *Room) attempt(ctx context.Context, j *job) (again bool) {
	d, m, err := r.read(ctx, j.key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false // its subscription or topic went, and the delivery with it
	case err != nil:
		return r.later(ctx, j, "read a delivery", err)
	}
	gone, err := r.gone(ctx, d, m)
	if err != nil {
		return r.later(ctx, j, "read a subscription", err)
	}
	if gone {
		r.recordGone(d, m)
		return r.finish(ctx, j, d, nil)
	}
	o := r.send(ctx, d, m)
	if ctx.Err() != nil && o.err != nil {
		return true // interrupted, not failed
	}
	d.Attempts++
	return r.conclude(ctx, j, d, m, &o)
}

// conclude writes down how an attempt ended.
func (r *Room) conclude(ctx context.Context, j *job, d *delivery, m *message, o *outcome) (again bool) {
	r.metrics.attempts.WithLabelValues(d.Protocol, o.word()).Inc()
	r.metrics.seconds.WithLabelValues(d.Protocol).Observe(o.took.Seconds())
	if o.err == nil {
		r.record(d, m, o)
		return r.finish(ctx, j, d, nil)
	}
	d.LastError = o.err.Error()
	delay, more := d.Retry.delay(d.Attempts)
	if o.final || !more {
		o.dead = true
		r.record(d, m, o)
		return r.finish(ctx, j, d, m)
	}
	d.Due = r.opts.Now().UTC().Add(delay)
	o.next = d.Due
	r.record(d, m, o)
	j.due = d.Due
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if err := r.opts.Store.Update(ctx, func(tx store.Tx) error { return put(tx, deliveryBucket, d.key(), d) }); err != nil {
		r.opts.Log.Warn("a failed attempt is not written down", "delivery", d.key(), "err", err)
	}
	return true
}

func (r *Room) later(ctx context.Context, j *job, doing string, err error) bool {
	if ctx.Err() == nil {
		r.opts.Log.Warn("delivery put off", "delivery", j.key, "doing", doing, "err", err)
	}
	j.due = r.opts.Now().Add(storeRetry)
	return true
}

func (r *Room) read(ctx context.Context, key string) (d *delivery, m *message, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if d, err = get[delivery](tx, deliveryBucket, key); err != nil {
			return err
		}
		m, err = get[message](tx, messageBucket, d.Message)
		return err
	})
	return d, m, err
}

// gone tells whether nobody wants the delivery any more.
func (r *Room) gone(ctx context.Context, d *delivery, m *message) (gone bool, err error) {
	if d.Protocol == protocolAWS {
		return r.forwardOf(d.Topic) == nil, nil
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err := get[Subscription](tx, subscriptionBucket, subscriptionKey(d.Topic, d.Subscription))
		if errors.Is(err, store.ErrNotFound) {
			gone = true
			return nil
		}
		if err != nil {
			return err
		}
		switch m.Kind {
		case notification:
			gone = s.State != confirmed
		case subscriptionConfirmation:
			gone = s.State != pending || s.Token != m.Token
		default:
			gone = s.State != deleted
		}
		return nil
	})
	return gone, err
}

// finish forgets a delivery, and its message with the last one. dead is the
// message if it could not be delivered: then both are kept as a dead letter. An
// attempt that ended well counts even if ctx has ended meanwhile.
func (r *Room) finish(ctx context.Context, j *job, d *delivery, dead *message) (again bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if dead != nil {
		if err := r.bury(ctx, d, dead); err != nil {
			return r.later(ctx, j, "write a dead letter", err)
		}
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.Delete(deliveryBucket, d.key()); err != nil {
			return err
		}
		left, err := tx.Scan(deliveryBucket, d.Message+"/", "", 1)
		if err != nil || len(left) > 0 {
			return err
		}
		return tx.Delete(messageBucket, d.Message)
	})
	if err != nil {
		return r.later(ctx, j, "forget a delivery", err)
	}
	return false
}

// keepDead is how many dead letters are kept.
const keepDead = 1000

// A deadLetter is a line of the log of dead letters.
type deadLetter struct {
	Delivery *delivery `json:"delivery"`
	Message  *message  `json:"message"`
}

func (r *Room) bury(ctx context.Context, d *delivery, m *message) error {
	value, err := json.Marshal(deadLetter{d, m})
	if err != nil {
		return err
	}
	r.metrics.dead.Inc()
	line := store.Record{Time: r.opts.Now(), Key1: d.Message, Key2: string(d.Topic.Account), Value: value}
	if err := r.opts.Store.AppendLog(ctx, deadLog, []store.Record{line}); err != nil {
		return err
	}
	return r.opts.Store.TrimLog(ctx, deadLog, keepDead)
}
