package alerting

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// mirror is a Sealer that anyone could open: it shows what is sealed, and that it
// is opened for whom it was sealed.
type mirror struct{}

func (mirror) Seal(plain []byte, about string) []byte {
	return append([]byte(about+"\x00"), turned(plain)...)
}

func (mirror) Open(box []byte, about string) ([]byte, error) {
	rest, ok := bytes.CutPrefix(box, []byte(about+"\x00"))
	if !ok {
		return nil, errors.New("sealed for somebody else")
	}
	return turned(rest), nil
}

func turned(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0xff
	}
	return out
}

const withSecret = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://hooks.example.org/very-secret'}]}]"

// What a definition has of secrets is not in the store; one from before
// definitions were sealed is read, and sealed when it is replaced.
func TestDefinitionsAreSealed(t *testing.T) {
	b := newBed(t, Options{})
	w := b.spaces.add("1")
	b.define(w, withSecret)
	if kept := b.entries(w, dataBucket)[0].Value; !bytes.Contains(kept, []byte("very-secret")) {
		t.Fatalf("without a key: %q", kept)
	}
	b.settled(w)
	b.stop()
	b.opts.Sealer = mirror{}
	b.start()
	if d, err := b.room.Describe(t.Context(), w); err != nil || !bytes.Equal(d.Data, wrap(withSecret)) {
		t.Fatalf("one from before: %q %v", d.Data, err)
	}
	if _, err := b.room.Put(t.Context(), w, wrap(withSecret), nil); err != nil {
		t.Fatal(err)
	}
	if kept := b.entries(w, dataBucket)[0].Value; bytes.Contains(kept, []byte("very-secret")) {
		t.Errorf("sealed: %q", kept)
	}
	if d, err := b.room.Describe(t.Context(), w); err != nil || !bytes.Equal(d.Data, wrap(withSecret)) {
		t.Errorf("a sealed one: %q %v", d.Data, err)
	}
	if answer := b.mustAsk(w, "GET", "/api/v2/receivers", ""); !strings.Contains(answer, `"name":"a"`) {
		t.Errorf("receivers: %s", answer)
	}
}

// settled waits until the definition is ACTIVE.
func (b *bed) settled(w hearth.Workspace) {
	b.t.Helper()
	eventually(b.t, "an active definition", func() bool {
		d, err := b.room.Describe(b.t.Context(), w)
		return err == nil && d.Status == hearth.Active
	})
}

// While a change is under way, another waits a moment for its end, and is refused
// if that does not come.
func TestConflictWhileChanging(t *testing.T) {
	b := newBed(t, Options{})
	b.room.settle = time.Minute
	w := b.spaces.add("1")
	b.define(w, withSecret)
	if _, err := b.room.Put(t.Context(), w, wrap(withSecret), nil); err != nil {
		t.Errorf("a change that waits: %v", err)
	}
	b.settled(w)
	b.room.settle = time.Millisecond
	for _, status := range []hearth.Status{hearth.Creating, hearth.Updating, hearth.Deleting} {
		b.stop()
		b.start()
		b.room.settle = 10 * time.Millisecond
		b.settled(w)
		b.cancel()
		<-b.done
		b.done <- nil // for stop
		err := b.store.Update(t.Context(), func(tx store.Tx) error {
			rec, err := loadRecord(tx, w.ID)
			if err != nil {
				return err
			}
			rec.Status = status
			return saveRecord(tx, rec)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.room.Put(t.Context(), w, wrap(withSecret), nil); hearth.KindOf(err) != hearth.Conflict {
			t.Errorf("Put while %s: %v", status, err)
		}
		if err := b.room.Delete(t.Context(), w, nil); hearth.KindOf(err) != hearth.Conflict {
			t.Errorf("Delete while %s: %v", status, err)
		}
	}
}
