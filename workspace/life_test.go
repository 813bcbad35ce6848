package workspace

import (
	"errors"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

func (f *fixture) status(t *testing.T, id hearth.WorkspaceID) hearth.Status {
	t.Helper()
	d, err := f.Describe(me(t), id)
	if hearth.KindOf(err) == hearth.NotFound {
		return "gone"
	}
	if err != nil {
		t.Fatalf("Describe: %v", err)
	}
	return d.Status
}

func TestLife(t *testing.T) {
	f := newFixture(t, nil)
	f.run(t)
	d := f.create(t, me(t), "kitchen")
	if d.Status != hearth.Creating {
		t.Errorf("Create answers %s; want CREATING", d.Status)
	}
	if _, err := f.Lookup(t.Context(), d.ID); err != nil {
		t.Errorf("Lookup right after Create: %v", err)
	}
	await(t, "ACTIVE", func() bool { return f.status(t, d.ID) == hearth.Active })
	hold := make(chan struct{})
	f.engine.set(hold, nil)
	if err := f.Delete(me(t), d.ID, nil); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	_, err := f.Lookup(t.Context(), d.ID)
	if e := wantKind(t, "Lookup right after Delete", err, hearth.NotFound); e.Msg != "Workspace not found" || e.Type != "AWS::APS::Workspace" {
		t.Errorf("Lookup of what is being deleted: %q, type %q", e.Msg, e.Type)
	}
	await(t, "the engine to be asked", func() bool { return f.engine.count(d.ID) == 1 })
	if got := f.status(t, d.ID); got != hearth.Deleting {
		t.Errorf("while the engine deletes the status is %s", got)
	}
	close(hold)
	await(t, "the workspace to be gone", func() bool { return f.status(t, d.ID) == "gone" })
}

// A script does not sleep between two calls.
func TestScriptNeedNotWait(t *testing.T) {
	f := newFixture(t, nil)
	f.run(t)
	for range 20 {
		d := f.create(t, me(t), "a")
		if _, err := f.UpdateConfiguration(me(t), d.ID, ConfigurationInput{RetentionDays: ptr(7)}); err != nil {
			t.Fatalf("UpdateConfiguration right after Create: %v", err)
		}
		if err := f.SetAlias(me(t), d.ID, AliasInput{Alias: ptr("b")}); err != nil {
			t.Fatalf("SetAlias right after UpdateConfiguration: %v", err)
		}
		if err := f.Delete(me(t), d.ID, nil); err != nil {
			t.Fatalf("Delete right after: %v", err)
		}
	}
}

func TestChangeWhileAnotherIsUnderWay(t *testing.T) {
	f := newFixture(t, nil) // without Run nothing ends
	changes := map[string]func(hearth.WorkspaceID) error{
		"SetAlias": func(id hearth.WorkspaceID) error { return f.SetAlias(me(t), id, AliasInput{Alias: ptr("b")}) },
		"UpdateConfiguration": func(id hearth.WorkspaceID) error {
			_, err := f.UpdateConfiguration(me(t), id, ConfigurationInput{RetentionDays: ptr(7)})
			return err
		},
		"Delete": func(id hearth.WorkspaceID) error { return f.Delete(me(t), id, nil) },
	}
	creating := f.create(t, me(t), "creating").ID
	wantAll := func(stage string, id hearth.WorkspaceID) {
		for name, change := range changes {
			e := wantKind(t, name+" while "+stage, change(id), hearth.Conflict)
			if e.Resource != string(id) || e.Type != resourceType {
				t.Errorf("%s while %s: about %q, type %q", name, stage, e.Resource, e.Type)
			}
		}
	}
	wantAll("CREATING", creating)
	updating := f.active(t, me(t), "updating").ID
	if err := changes["UpdateConfiguration"](updating); err != nil {
		t.Fatal(err)
	}
	wantAll("UPDATING", updating)
	deleting := f.active(t, me(t), "deleting").ID
	if err := changes["Delete"](deleting); err != nil {
		t.Fatal(err)
	}
	wantAll("DELETING", deleting)
}

// A new process goes on where the old one was stopped.
func TestRestart(t *testing.T) {
	f := newFixture(t, nil)
	active := f.active(t, me(t), "active").ID
	updating := f.active(t, me(t), "updating").ID
	deleting := f.active(t, me(t), "deleting").ID
	if _, err := f.UpdateConfiguration(me(t), updating, ConfigurationInput{OutOfOrderSeconds: ptr(300)}); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(me(t), deleting, nil); err != nil {
		t.Fatal(err)
	}
	creating := f.create(t, me(t), "creating").ID
	f.restart(t)
	for id, want := range map[hearth.WorkspaceID]hearth.Status{active: hearth.Active, updating: hearth.Active, deleting: hearth.Deleting, creating: hearth.Creating} {
		if got := f.status(t, id); got != want {
			t.Errorf("after the restart, before Run: %s; want %s", got, want)
		}
	}
	if c, err := f.Configuration(me(t), updating); err != nil || c.Status != hearth.Updating || c.OutOfOrderSeconds != 300 {
		t.Errorf("Configuration after the restart, before Run: %+v, %v", c, err)
	}
	stop := f.run(t)
	await(t, "CREATING to become ACTIVE", func() bool { return f.status(t, creating) == hearth.Active })
	await(t, "DELETING to become gone", func() bool { return f.status(t, deleting) == "gone" })
	await(t, "UPDATING to become ACTIVE", func() bool {
		c, err := f.Configuration(me(t), updating)
		return err == nil && c.Status == hearth.Active
	})
	stop()
	f.restart(t)
	if got := f.status(t, deleting); got != "gone" {
		t.Errorf("a deleted workspace is back: %s", got)
	}
	if got := f.status(t, creating); got != hearth.Active {
		t.Errorf("a workspace that was ACTIVE is %s", got)
	}
}

// The process dies after the engine has deleted, before the record is gone.
func TestRestartBetweenEngineAndRecord(t *testing.T) {
	f := newFixture(t, nil)
	id := f.active(t, me(t), "a").ID
	if err := f.Delete(me(t), id, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.engine.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	f.restart(t)
	f.run(t)
	await(t, "the workspace to be gone", func() bool { return f.status(t, id) == "gone" })
	if got := f.engine.count(id); got != 2 {
		t.Errorf("the engine was asked %d times; want twice", got)
	}
}

func TestDeletionIsTriedAgain(t *testing.T) {
	f := newFixture(t, nil)
	f.engine.set(nil, errors.New("disk on fire"))
	var ids []hearth.WorkspaceID
	for range deletesAtOnce + 2 {
		id := f.active(t, me(t), "a").ID
		if err := f.Delete(me(t), id, nil); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	f.run(t)
	await(t, "every deletion to be tried", func() bool {
		for _, id := range ids {
			if f.engine.count(id) < 2 {
				return false
			}
		}
		return true
	})
	f.engine.set(nil, nil)
	for _, id := range ids {
		await(t, "the workspace to be gone", func() bool { return f.status(t, id) == "gone" })
	}
}

// One workspace whose queries do not end holds up neither other deletions nor
// what is being made, and Run still ends.
func TestSlowDeletionHoldsUpNobody(t *testing.T) {
	f := newFixture(t, nil)
	stop := f.run(t)
	slow, quick := f.create(t, me(t), "slow").ID, f.create(t, me(t), "quick").ID
	f.engine.set(make(chan struct{}), nil)
	if err := f.Delete(me(t), slow, nil); err != nil {
		t.Fatal(err)
	}
	await(t, "the engine to be asked", func() bool { return f.engine.count(slow) == 1 })
	f.engine.set(nil, nil)
	if err := f.Delete(me(t), quick, nil); err != nil {
		t.Fatal(err)
	}
	await(t, "the other workspace to be gone", func() bool { return f.status(t, quick) == "gone" })
	id := f.create(t, me(t), "new").ID
	await(t, "a new one to be ACTIVE", func() bool { return f.status(t, id) == hearth.Active })
	began := time.Now()
	stop()
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("Run took %s to end", took)
	}
	if got := f.status(t, slow); got != hearth.Deleting {
		t.Errorf("the slow one is %s; want DELETING", got)
	}
}
