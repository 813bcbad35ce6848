package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth/store"
)

// testAsMap does the same random things to a store and to a map. Keys are short
// and of few bytes, so that they collide and are each other's prefixes.
func testAsMap(t *testing.T, open Opener) {
	const rounds, perUpdate = 60, 12
	s := opened(t, open)
	r := rand.New(rand.NewPCG(1, 2))
	model := map[string]string{}
	for round := range rounds {
		next := cloneMap(model)
		abandon := r.IntN(4) == 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			next = cloneMap(model) // an Update may run its function again
			for range perUpdate {
				if err := change(r, tx, next); err != nil {
					return err
				}
			}
			compare(t, round, r, tx, next)
			if abandon {
				return errWanted
			}
			return nil
		})
		if abandon != errors.Is(err, errWanted) {
			t.Fatalf("round %d: Update: %v", round, err)
		}
		if !abandon {
			model = next
		}
		view(t, s, func(tx store.Tx) error { compare(t, round, r, tx, model); return nil })
	}
}

func cloneMap(m map[string]string) map[string]string {
	c := map[string]string{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

func randomText(r *rand.Rand, most int) string {
	const alphabet = "\x00a%_\xff\xfe"
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func change(r *rand.Rand, tx store.Tx, model map[string]string) error {
	key := "k" + randomText(r, 4)
	if r.IntN(3) == 0 {
		delete(model, key)
		return tx.Delete("b", key)
	}
	model[key] = randomText(r, 20)
	return tx.Put("b", key, []byte(model[key]))
}

func compare(t *testing.T, round int, r *rand.Rand, tx store.Tx, model map[string]string) {
	t.Helper()
	prefix, after, limit := "k"+randomText(r, 2), "k"+randomText(r, 3), r.IntN(6)
	if r.IntN(2) == 0 {
		prefix, after = "", ""
	}
	want := []string{}
	for k := range model {
		if strings.HasPrefix(k, prefix) && k > after {
			want = append(want, k)
		}
	}
	slices.Sort(want)
	if limit > 0 && len(want) > limit {
		want = want[:limit]
	}
	entries, err := tx.Scan("b", prefix, after, limit)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Key)
		if string(e.Value) != model[e.Key] {
			t.Errorf("round %d: %q has the value %q; want %q", round, e.Key, e.Value, model[e.Key])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatalf("round %d: Scan(prefix %q, after %q, limit %d): %v (-want +got):\n%s", round, prefix, after, limit, err, diff)
	}
}
