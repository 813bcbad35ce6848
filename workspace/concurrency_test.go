package workspace

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// Many callers at once: what one was told is true for it at once, and in the end
// memory and store agree.
func TestManyCallers(t *testing.T) {
	f := newFixture(t, nil)
	f.run(t)
	changed, stop := f.Changed()
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				f.readAll(t)
			}
		})
	}
	for i := range 4 {
		writers.Go(func() {
			ctx := as(t, "000000000000", hearth.Region(fmt.Sprint("region-", i%2)))
			for range 8 {
				f.liveAndDie(t, ctx)
			}
		})
	}
	writers.Wait()
	cancel()
	readers.Wait()
	select {
	case <-changed:
	default:
		t.Error("nobody was told of any change")
	}
	all, err := f.Workspaces(t.Context())
	if err != nil || len(all) != 4*8 {
		t.Errorf("Workspaces: %d, %v; want %d", len(all), err, 4*8)
	}
	await(t, "every workspace to be settled", func() bool {
		return len(f.index.list(func(rec *record) bool { return rec.busy() })) == 0
	})
	f.restart(t)
	again, err := f.Workspaces(t.Context())
	if err != nil || len(again) != len(all) {
		t.Fatalf("after a restart: %d, %v; want %d", len(again), err, len(all))
	}
	for i := range all {
		if again[i].ID != all[i].ID || again[i].Limits.Retention != all[i].Limits.Retention || again[i].Status != hearth.Active {
			t.Errorf("the store has %+v; memory had %+v", again[i], all[i])
		}
	}
}

// liveAndDie makes two workspaces and deletes one.
func (f *fixture) liveAndDie(t *testing.T, ctx context.Context) {
	keep, drop := f.create(t, ctx, "keep"), f.create(t, ctx, "drop")
	errs := errors.Join(
		f.Tag(ctx, keep.ARN(), map[string]string{"k": "v"}),
		f.Delete(ctx, drop.ID, nil))
	_, err := f.UpdateConfiguration(ctx, keep.ID, ConfigurationInput{RetentionDays: ptr(3)})
	if errs = errors.Join(errs, err); errs != nil {
		t.Error(errs)
	}
	ws, err := f.Lookup(ctx, keep.ID)
	if err != nil || ws.Tags["k"] != "v" || ws.Limits.Retention != 3*day {
		t.Errorf("Lookup does not show what was changed: %+v, %v", ws, err)
	}
	if _, err := f.Lookup(ctx, drop.ID); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("Lookup of what was deleted: %v", err)
	}
}

func (f *fixture) readAll(t *testing.T) {
	all, err := f.Workspaces(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, ws := range all {
		if _, err := f.Lookup(t.Context(), ws.ID); err != nil && hearth.KindOf(err) != hearth.NotFound {
			t.Error(err)
		}
	}
	if _, err := f.List(me(t), ListInput{}); err != nil {
		t.Error(err)
	}
}

// Another process that shares the store is followed.
func TestChangesOfAnotherProcess(t *testing.T) {
	f := newFixture(t, nil)
	if _, err := f.Workspaces(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := New(f.opts)
	d, err := other.Create(me(t), CreateInput{Alias: ptr("theirs")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Lookup(t.Context(), d.ID)
	wantKind(t, "Lookup before the store was looked at", err, hearth.NotFound)
	mine := f.create(t, me(t), "mine") // notices that it missed something
	for _, id := range []hearth.WorkspaceID{d.ID, mine.ID} {
		if _, err := f.Lookup(t.Context(), id); err != nil {
			t.Errorf("Lookup: %v", err)
		}
	}
	f.run(t)
	if d, err = other.Create(me(t), CreateInput{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the other's workspace to be ACTIVE here", func() bool { return f.status(t, d.ID) == hearth.Active })
}

func TestStoreTrouble(t *testing.T) {
	f := newFixture(t, nil)
	d := f.active(t, me(t), "a")
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := f.Create(me(t), CreateInput{})
	wantKind(t, "Create", err, hearth.Unavailable)
	wantKind(t, "Delete", f.Delete(me(t), d.ID, nil), hearth.Unavailable)
	if ws, err := f.Lookup(t.Context(), d.ID); err != nil || ws.Status != hearth.Active {
		t.Errorf("Lookup without a store: %+v, %v", ws, err)
	}
	f.run(t) // goes on trying
	_, err = New(f.opts).Lookup(t.Context(), d.ID)
	wantKind(t, "Lookup of a room that never read the store", err, hearth.Unavailable)
}

func TestCancelledCallers(t *testing.T) {
	f := newFixture(t, nil)
	d := f.active(t, me(t), "a")
	ctx, cancel := context.WithCancel(me(t))
	cancel()
	if err := f.Delete(ctx, d.ID, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Delete: %v; want context.Canceled", err)
	}
	release, err := f.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetAlias(ctx, d.ID, AliasInput{}); !errors.Is(err, context.Canceled) {
		t.Errorf("SetAlias while another has the turn: %v; want context.Canceled", err)
	}
	release()
	if got := f.status(t, d.ID); got != hearth.Active {
		t.Errorf("afterwards it is %s", got)
	}
}

func BenchmarkLookup(b *testing.B) {
	f := newFixture(b, nil)
	ids := make([]hearth.WorkspaceID, 1000)
	all := map[hearth.WorkspaceID]entry{}
	for i := range ids {
		rec := &record{ID: hearth.NewWorkspaceID(), Account: "000000000000", Region: "us-east-1", CreatedAt: start, Status: hearth.Active}
		ids[i], all[rec.ID] = rec.ID, f.entry(rec)
	}
	f.index.replace(1, all)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := f.Lookup(b.Context(), ids[i%len(ids)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCreate(b *testing.B) {
	f := newFixture(b, nil)
	f.run(b)
	ctx := me(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := f.Create(ctx, CreateInput{Alias: ptr("a"), Token: ptr(fmt.Sprint("token-", i))}); err != nil {
			b.Fatal(err)
		}
	}
}
