package ingest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/model/labels"
)

// neighbour makes series i of a scrape: it shares labels with its neighbours at
// the front, at the back or at both ends, and some are long.
func neighbour(rnd *rand.Rand, i int) []string {
	pairs := named("m"+strconv.Itoa(i/6), "a", strings.Repeat("a", 10+i/12*120), "le", strconv.Itoa(i%6), "z", strings.Repeat("z", i/9*100+1))
	for n := range i / 4 {
		pairs = append(pairs, fmt.Sprintf("l%02d", n), "v")
	}
	return change(rnd, pairs, 0)
}

// change alters a label with a chance of 1 in n.
func change(rnd *rand.Rand, pairs []string, n int) []string {
	if n == 0 || rnd.IntN(n) != 0 {
		return pairs
	}
	pairs = slices.Clone(pairs)
	i := 2 * rnd.IntN(len(pairs)/2)
	switch rnd.IntN(4) {
	case 0:
		pairs[i+1] += "x"
	case 1: // as long as it was
		pairs[i+1] = pairs[i+1][:len(pairs[i+1])-1] + "~"
	case 2:
		return append(pairs, "m"+strconv.Itoa(rnd.IntN(3)), "new")
	default:
		if i > 0 {
			return slices.Delete(pairs, i, i+2)
		}
	}
	return pairs
}

func sortedPairs(pairs []string) (all []labels.Label) {
	asLabels(pairs).Range(func(l labels.Label) { all = append(all, l) })
	return all
}

func lengthDelimited(to []byte, num int, body string) []byte {
	to = binary.AppendUvarint(to, uint64(num<<3|wireBytes))
	return append(binary.AppendUvarint(to, uint64(len(body))), body...)
}

// oddlyV1 encodes the same as an encoder would, in other words now and then.
func oddlyV1(rnd *rand.Rand, series [][]string, t int64, v float64) []byte {
	var req []byte
	for _, pairs := range series {
		var s []byte
		for _, l := range sortedPairs(pairs) {
			name, value := lengthDelimited(nil, 1, l.Name), lengthDelimited(nil, 2, l.Value)
			field := append(slices.Clone(name), value...)
			switch rnd.IntN(60) {
			case 0:
				field = append(value, name...)
			case 1:
				field = lengthDelimited(field, 9, "unknown")
			case 2: // replaced by what comes last
				field = append(lengthDelimited(nil, 2, "replaced"), field...)
			case 3:
				s = lengthDelimited(s, 1, string(lengthDelimited(nil, 1, "empty")))
			}
			s = lengthDelimited(s, 1, string(field))
		}
		s = lengthDelimited(s, 2, string(wireSample(t, v)))
		req = lengthDelimited(req, 1, string(s))
	}
	return snappy.Encode(nil, req)
}

func wireSample(t int64, v float64) []byte {
	m := binary.LittleEndian.AppendUint64([]byte{valueTag}, math.Float64bits(v))
	return binary.AppendUvarint(append(m, timeTag), uint64(t))
}

func oddlyV2(rnd *rand.Rand, series [][]string, t int64, v float64) []byte {
	symbols := []string{""}
	symbol := func(s string) uint64 {
		if i := slices.Index(symbols, s); i >= 0 && rnd.IntN(60) != 0 {
			return uint64(i)
		}
		symbols = append(symbols, s)
		return uint64(len(symbols) - 1)
	}
	var req []byte
	for _, pairs := range series {
		var refs []byte
		for _, l := range sortedPairs(pairs) {
			if rnd.IntN(60) == 0 {
				refs = append(binary.AppendUvarint(refs, symbol("empty")), 0)
			}
			refs = binary.AppendUvarint(refs, symbol(l.Name))
			if n := symbol(l.Value); n < 0x80 && rnd.IntN(60) == 0 {
				refs = append(refs, byte(n)|0x80, 0) // longer than need be
			} else {
				refs = binary.AppendUvarint(refs, n)
			}
		}
		s := lengthDelimited(nil, 1, string(refs))
		s = lengthDelimited(s, 2, string(wireSample(t, v)))
		req = lengthDelimited(req, 5, string(s))
	}
	for _, s := range symbols {
		req = lengthDelimited(req, 4, s)
	}
	return snappy.Encode(nil, req)
}

// The same series come again and again in the same order, except that now and
// then one is changed, left out, or spelt in another way.
func TestNeighboursAreToldApart(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			b := newWorkbench(t)
			var scrape [][]string
			for i := range 40 {
				scrape = append(scrape, neighbour(rnd, i))
			}
			expect := map[string][]string{}
			for step := range 80 {
				var sent [][]string
				now := testTime.Add(time.Duration(step) * time.Second).UnixMilli()
				line := fmt.Sprintf("%d %d", now, step)
				for _, pairs := range scrape {
					pairs = change(rnd, pairs, 30)
					name := asLabels(pairs).String()
					if l := expect[name]; rnd.IntN(50) == 0 || len(l) > 0 && l[len(l)-1] == line {
						continue
					}
					expect[name] = append(expect[name], line)
					sent = append(sent, pairs)
				}
				if step/4%2 == 0 {
					want(t, b.post(typeV1, "snappy", oddlyV1(rnd, sent, now, float64(step))), 200, "")
				} else {
					want(t, b.post(typeV2, "snappy", oddlyV2(rnd, sent, now, float64(step))), 204, "")
				}
				disturb(t, rnd, b)
			}
			got := map[string][]string{}
			for _, p := range b.engine.everything(t, b.ws.ID) {
				var v string
				fmt.Sscan(p.V, &v)
				got[p.Series] = append(got[p.Series], fmt.Sprintf("%d %s", p.T, v))
			}
			if d := cmp.Diff(expect, got); d != "" {
				t.Error(d)
			}
			if n := testutil.ToFloat64(b.room.metrics.lookups[predicted]); n < 400 {
				t.Errorf("only %v series were foretold: the test does not show much", n)
			}
		})
	}
}

// checkChain checks that steps and their reverse agree and lead to live entries.
// The caller holds a lock.
func (c *cache) checkChain(t *testing.T) {
	t.Helper()
	for id := uint32(1); id < c.next; id++ {
		e := c.at(id)
		if to := e.next.to; to != 0 && (!c.alive(id) || !c.alive(to) || c.at(to).prev != id) {
			t.Errorf("entry %d leads to %d, which does not follow it", id, to)
		}
		if e.prev != 0 && (!c.alive(id) || c.at(e.prev).next.to != id) {
			t.Errorf("entry %d follows %d, which does not lead to it", id, e.prev)
		}
		if w := e.next; w.measured {
			again := step{to: w.to}
			again.compare(e.labels, c.at(w.to).labels)
			if again != w {
				t.Errorf("step of entry %d is %+v, want %+v", id, w, again)
			}
		}
	}
}

func TestSkipRefs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	for range 1000 {
		var refs []byte
		ends := []int{0}
		for range rnd.IntN(30) {
			refs = binary.AppendUvarint(refs, rnd.Uint64N(1<<rnd.IntN(32)))
			ends = append(ends, len(refs))
		}
		for n, end := range ends {
			if got := skipRefs(refs, n); got != end {
				t.Fatalf("%d references of %x end at %d, not %d", n, refs, end, got)
			}
		}
	}
}

// What a series shares with the one before is measured in labels that both have.
// Here the labels that are repeated are empty, and the second series has no name.
func TestEmptyLabelsAreNotShared(t *testing.T) {
	pair := func(le string) []labels.Label {
		return []labels.Label{{Name: "__name__", Value: "m"}, {Name: "le", Value: le}, {Name: "z", Value: "z"}}
	}
	nothing := labels.Label{Name: "empty______"} // on the wire as long as the name
	plain := [][]labels.Label{pair("1"), pair("2")}
	odd := [][]labels.Label{append([]labels.Label{nothing}, pair("1")...), append([]labels.Label{nothing}, pair("2")[1:]...)}
	for _, tc := range []struct {
		contentType string
		encode      func([][]labels.Label, int64) []byte
	}{{typeV1, wireV1}, {typeV2, wireV2}} {
		t.Run(tc.contentType, func(t *testing.T) {
			b := newWorkbench(t)
			for n := range int64(3) {
				if w := b.post(tc.contentType, "snappy", tc.encode(plain, testTime.UnixMilli()+n)); w.Code/100 != 2 {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			w := b.post(tc.contentType, "snappy", tc.encode(odd, testTime.UnixMilli()+9))
			if w.Code != 400 || !strings.Contains(w.Body.String(), "no metric name") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got := b.stored(); len(got) != 7 {
				t.Errorf("stored: %q", got)
			}
		})
	}
}

func wireV1(series [][]labels.Label, t int64) (req []byte) {
	for _, ls := range series {
		var s []byte
		for _, l := range ls {
			field := lengthDelimited(nil, 1, l.Name)
			if l.Value != "" {
				field = lengthDelimited(field, 2, l.Value)
			}
			s = lengthDelimited(s, 1, string(field))
		}
		req = lengthDelimited(req, 1, string(lengthDelimited(s, 2, string(wireSample(t, 1)))))
	}
	return snappy.Encode(nil, req)
}

func wireV2(series [][]labels.Label, t int64) (req []byte) {
	symbols := []string{""}
	for _, ls := range series {
		var refs []byte
		for _, l := range ls {
			for _, s := range []string{l.Name, l.Value} {
				if !slices.Contains(symbols, s) {
					symbols = append(symbols, s)
				}
				refs = append(refs, byte(slices.Index(symbols, s)))
			}
		}
		req = lengthDelimited(req, 5, string(lengthDelimited(lengthDelimited(nil, 1, string(refs)), 2, string(wireSample(t, 1)))))
	}
	for _, s := range symbols {
		req = lengthDelimited(req, 4, s)
	}
	return snappy.Encode(nil, req)
}
