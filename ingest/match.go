package ingest

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"github.com/prometheus/prometheus/model/labels"
)

// keys reads the labels of a batch's series, in one protocol's spelling.
type keys interface {
	// match tells whether the series has exactly the labels of known, an engine
	// encoding. It may say no for labels in another order.
	match(s *series, known string) bool
	// follows tells the same, given that before is the entry before known. It
	// may say no for labels spelt in another way than those of before.
	follows(s, before *series, known string, w *step) bool
	// hash is the same for the same labels in any order and protocol; ok is
	// false if they are malformed.
	hash(s *series, seed maphash.Seed) (h uint64, ok bool)
	// pairs appends the series' labels as they stand; the strings live as long
	// as the request.
	pairs(s *series, to []labels.Label) ([]labels.Label, error)
	// series turns exemplar message e into its parts.
	exemplar(e extent, to []labels.Label) (exemplarParts, []labels.Label, error)
}

// mix joins the hashes of a name and its value. Labels are added up, so that
// their order does not matter.
func mix(name, value uint64) uint64 {
	hi, lo := bits.Mul64(name^0x9e3779b97f4a7c15, value^0xd1b54a32d192ed03)
	return hi ^ lo
}

// pairAt tells whether the engine encoding known has name and value at j, and
// where the next pair begins; -1 if not.
func pairAt(known string, j int, name, value string) int {
	if j = wordAt(known, j, name); j < 0 {
		return -1
	}
	return wordAt(known, j, value)
}

func wordAt(known string, j int, word string) int {
	n := len(word)
	switch {
	case n >= 255:
		if j+4 > len(known) || known[j] != 255 || n != int(known[j+1])|int(known[j+2])<<8|int(known[j+3])<<16 {
			return -1
		}
		j += 4
	case j >= len(known) || int(known[j]) != n:
		return -1
	default:
		j++
	}
	if j+n > len(known) || known[j:j+n] != word {
		return -1
	}
	return j + n
}

// v1Keys reads label fields of remote write 1.0.
type v1Keys struct {
	b           *batch
	dropReplica bool
}

// labelV1 reads the label field at b[i]; next is -1 if it is malformed.
func labelV1(b []byte, i int) (name, value []byte, next int) {
	_, _, i = tag(b, i)
	if i < 0 {
		return nil, nil, -1
	}
	i, end := span(b, i)
	if end < 0 {
		return nil, nil, -1
	}
	for m := b[:end]; i < end; {
		f, next := nextField(m, i)
		if next < 0 || f.id <= 2 && f.wire != wireBytes {
			return nil, nil, -1
		}
		switch f.id {
		case 1:
			name = f.b
		case 2:
			value = f.b
		}
		i = next
	}
	return name, value, end
}

func (k v1Keys) match(s *series, known string) bool {
	return k.matchPart(s, k.b.buf[s.key.at:s.key.end], known) && len(known) > 0
}

func (k v1Keys) follows(s, before *series, known string, w *step) bool {
	raw, old := k.b.buf[s.key.at:s.key.end], k.b.buf[before.key.at:before.key.end]
	front, back := int(w.front.bytes)+int(w.front.more), int(w.back.bytes)+int(w.back.more)
	if len(raw) < front+back || string(raw[:front]) != string(old[:front]) || string(raw[len(raw)-back:]) != string(old[len(old)-back:]) {
		return false
	}
	return k.matchPart(s, raw[front:len(raw)-back], known[w.front.bytes:len(known)-int(w.back.bytes)])
}

// matchPart tells whether the label fields raw, a part of the key of s, are the
// pairs known.
func (k v1Keys) matchPart(s *series, raw []byte, known string) bool {
	j := 0
	for i := 0; i < len(raw); {
		if next, to := sameLabel(raw, i, known, j); next > 0 {
			i, j = next, to
			continue
		}
		name, value, next := labelV1(raw, i)
		if next < 0 {
			return false
		}
		// If each field is as long as it should be, whatever the order in it, then
		// they begin and end where an overlap says.
		s.odd = s.odd || next-i != sizeV1(len(name), len(value))
		i = next
		if len(value) == 0 || k.dropReplica && string(name) == replicaLabel {
			s.odd = true
			continue
		}
		if j = pairAt(known, j, yolo(name), yolo(value)); j < 0 {
			return false
		}
	}
	return j == len(known)
}

// sameLabel tells whether the label field at raw[i], written as every encoder
// writes it and with lengths below 128, is the pair at known[j], and where both
// end. next is 0 if it is not, or looks otherwise.
func sameLabel(raw []byte, i int, known string, j int) (next, to int) {
	if i+6 > len(raw) || raw[i] != 0x0A || raw[i+2] != 0x0A || raw[i+1]|raw[i+3] >= 0x80 {
		return 0, 0
	}
	n := int(raw[i+3])
	mid, end := i+4+n, i+2+int(raw[i+1])
	v := end - mid - 2
	if v <= 0 || end > len(raw) || raw[mid] != 0x12 || int(raw[mid+1]) != v || j+2+n+v > len(known) || int(known[j]) != n || int(known[j+1+n]) != v {
		return 0, 0
	}
	if string(raw[i+4:mid]) != known[j+1:j+1+n] || string(raw[mid+2:end]) != known[j+2+n:j+2+n+v] {
		return 0, 0
	}
	return end, j + 2 + n + v
}

func (k v1Keys) hash(s *series, seed maphash.Seed) (h uint64, ok bool) {
	raw := k.b.bytes(s.key)
	for i := 0; i < len(raw); {
		name, value, next := labelV1(raw, i)
		if next < 0 {
			return 0, false
		}
		i = next
		if len(value) == 0 || k.dropReplica && string(name) == replicaLabel {
			continue
		}
		h += mix(maphash.Bytes(seed, name), maphash.Bytes(seed, value))
	}
	return h, true
}

func (k v1Keys) pairs(s *series, to []labels.Label) ([]labels.Label, error) {
	return pairsV1(k.b.bytes(s.key), to)
}

func pairsV1(raw []byte, to []labels.Label) ([]labels.Label, error) {
	for i := 0; i < len(raw); {
		name, value, next := labelV1(raw, i)
		if next < 0 {
			return to, errTruncated
		}
		to, i = append(to, labels.Label{Name: yolo(name), Value: yolo(value)}), next
	}
	return to, nil
}

// v2Keys reads symbol references of remote write 2.0.
type v2Keys struct {
	b           *batch
	dropReplica bool
}

// pair reads two references of key at i; next is -1 if they are malformed or
// point outside the symbol table.
func (k v2Keys) pair(refs []byte, i int) (name, value uint32, next int) {
	n, i := uvarint(refs, i)
	if i < 0 {
		return 0, 0, -1
	}
	v, i := uvarint(refs, i)
	if i < 0 || max(n, v) >= uint64(len(k.b.symbols)) {
		return 0, 0, -1
	}
	return uint32(n), uint32(v), i
}

func (k v2Keys) symbol(n uint32) string { return k.b.symbols[n] }

func (k v2Keys) match(s *series, known string) bool {
	return k.matchPart(s, k.b.buf[s.key.at:s.key.end], known) && len(known) > 0
}

func (k v2Keys) follows(s, before *series, known string, w *step) bool {
	refs, old := k.b.buf[s.key.at:s.key.end], k.b.buf[before.key.at:before.key.end]
	front := skipRefs(old, 2*int(w.front.labels))
	back := 0
	if w.back.labels > 0 {
		back = len(old) - front - skipRefs(old[front:], 2*int(w.between))
	}
	if len(refs) < front+back || string(refs[:front]) != string(old[:front]) || string(refs[len(refs)-back:]) != string(old[len(old)-back:]) {
		return false
	}
	return k.matchPart(s, refs[front:len(refs)-back], known[w.front.bytes:len(known)-int(w.back.bytes)])
}

// skipRefs returns where the first n references end. There are that many.
func skipRefs(refs []byte, n int) (i int) {
	for ; n > 0 && i+8 <= len(refs); i += 8 {
		ends := ^binary.LittleEndian.Uint64(refs[i:]) & 0x8080808080808080 // of references
		if c := bits.OnesCount64(ends); c < n {
			n -= c
			continue
		}
		for ; n > 1; n-- {
			ends &= ends - 1
		}
		return i + bits.TrailingZeros64(ends)/8 + 1
	}
	for ; n > 0; i++ {
		if refs[i] < 0x80 {
			n--
		}
	}
	return i
}

// matchPart tells whether the references refs, a part of the key of s, are the
// pairs known.
func (k v2Keys) matchPart(s *series, refs []byte, known string) bool {
	symbols, j := k.b.symbols, 0
	for i := 0; i < len(refs); {
		n, next := shortRef(refs, i)
		v, next := shortRef(refs, next)
		if next < 0 || int(max(n, v)) >= len(symbols) {
			return false
		}
		i = next
		name, value := symbols[n], symbols[v]
		if to := samePair(name, value, known, j); to > 0 {
			j = to
			continue
		}
		if value == "" || k.dropReplica && name == replicaLabel {
			s.odd = true
			continue
		}
		if j = pairAt(known, j, name, value); j < 0 {
			return false
		}
	}
	return j == len(known)
}

// shortRef reads a reference, mostly of one or two bytes; next is -1 if there is
// none.
func shortRef(refs []byte, i int) (n uint32, next int) {
	if i >= 0 && i+1 < len(refs) {
		if refs[i] < 0x80 {
			return uint32(refs[i]), i + 1
		}
		if refs[i+1] < 0x80 {
			return uint32(refs[i])&0x7f | uint32(refs[i+1])<<7, i + 2
		}
	}
	if i < 0 {
		return 0, -1
	}
	v, next := uvarint(refs, i)
	return uint32(min(v, 1<<32-1)), next
}

// samePair tells whether name and value, both shorter than 255 bytes, are the
// pair at known[j], and where it ends; 0 if not.
func samePair(name, value, known string, j int) (to int) {
	n, v := len(name), len(value)
	if n >= 255 || v >= 255 || v == 0 || j+2+n+v > len(known) || int(known[j]) != n || int(known[j+1+n]) != v {
		return 0
	}
	if name != known[j+1:j+1+n] || value != known[j+2+n:j+2+n+v] {
		return 0
	}
	return j + 2 + n + v
}

func (k v2Keys) hash(s *series, seed maphash.Seed) (h uint64, ok bool) {
	refs := k.b.bytes(s.key)
	for i := 0; i < len(refs); {
		n, v, next := k.pair(refs, i)
		if next < 0 {
			return 0, false
		}
		i = next
		if k.symbol(v) == "" || k.dropReplica && k.symbol(n) == replicaLabel {
			continue
		}
		h += mix(k.symbolHash(n, seed), k.symbolHash(v, seed))
	}
	return h, true
}

// symbolHash hashes a symbol once a request.
func (k v2Keys) symbolHash(n uint32, seed maphash.Seed) uint64 {
	b := k.b
	if len(b.hashes) < len(b.symbols) {
		b.hashes = append(b.hashes, make([]uint64, len(b.symbols)-len(b.hashes))...)
	}
	if b.hashes[n] == 0 {
		b.hashes[n] = maphash.String(seed, k.symbol(n))
	}
	return b.hashes[n]
}

func (k v2Keys) pairs(s *series, to []labels.Label) ([]labels.Label, error) {
	return k.pairsV2(k.b.bytes(s.key), to)
}

func (k v2Keys) pairsV2(refs []byte, to []labels.Label) ([]labels.Label, error) {
	for i := 0; i < len(refs); {
		n, v, next := k.pair(refs, i)
		if next < 0 {
			return to, malformed("a series has an odd number of label references, or one outside the symbol table")
		}
		to, i = append(to, labels.Label{Name: k.symbol(n), Value: k.symbol(v)}), next
	}
	return to, nil
}
