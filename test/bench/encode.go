package main

import (
	"encoding/binary"
	"math"
)

// A protocol is a way to put samples into a remote-write request.
type protocol struct {
	name        string
	contentType string
	version     string
	encoder     func([]*pod) encoder
}

var protocols = map[string]protocol{
	"v1": {"1.0", "application/x-protobuf", "0.1.0", func(p []*pod) encoder { return newV1(p) }},
	"v2": {"2.0", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0", func(p []*pod) encoder { return newV2(p) }},
}

// An encoder appends one request with the present values of its pods, all at
// time ms, to buf. What does not change between scrapes it has encoded before.
type encoder interface {
	encode(buf []byte, ms int64) []byte
}

// v1 writes prometheus.WriteRequest.
type v1 struct {
	pods   []*pod
	labels [][]byte // of each series, as fields of its TimeSeries
}

func newV1(pods []*pod) *v1 {
	e := &v1{pods: pods}
	for _, p := range pods {
		for _, s := range p.series {
			var b []byte
			for _, l := range s {
				b = field(b, 1, textField(textField(nil, 1, l.name), 2, l.value))
			}
			e.labels = append(e.labels, b)
		}
	}
	return e
}

func (e *v1) encode(buf []byte, ms int64) []byte {
	var sample []byte
	n := 0
	for _, p := range e.pods {
		for _, v := range p.values {
			sample = appendSample(sample[:0], v, ms)
			buf = header(buf, 1, len(e.labels[n])+2+len(sample))
			buf = append(buf, e.labels[n]...)
			buf = field(buf, 2, sample)
			n++
		}
	}
	return buf
}

// v2 writes io.prometheus.write.v2.Request.
type v2 struct {
	pods    []*pod
	symbols []byte   // the table, as fields of the request
	labels  [][]byte // of each series, as fields of its TimeSeries
	about   [][]byte // metadata of each series, likewise
}

func newV2(pods []*pod) *v2 {
	e := &v2{pods: pods}
	t := symbolTable{refs: map[string]uint64{}}
	t.ref("")
	for _, p := range pods {
		for i, s := range p.series {
			var refs []byte
			for _, l := range s {
				refs = binary.AppendUvarint(refs, t.ref(l.name))
				refs = binary.AppendUvarint(refs, t.ref(l.value))
			}
			e.labels = append(e.labels, field(nil, 1, refs))
			e.about = append(e.about, t.metadata(p.types[i], s[0].value))
		}
	}
	e.symbols = t.encoded
	return e
}

func (e *v2) encode(buf []byte, ms int64) []byte {
	buf = append(buf, e.symbols...)
	var sample []byte
	n := 0
	for _, p := range e.pods {
		for _, v := range p.values {
			sample = appendSample(sample[:0], v, ms)
			buf = header(buf, 5, len(e.labels[n])+2+len(sample)+len(e.about[n]))
			buf = append(buf, e.labels[n]...)
			buf = field(buf, 2, sample)
			buf = append(buf, e.about[n]...)
			n++
		}
	}
	return buf
}

// A symbolTable numbers strings in the order they come.
type symbolTable struct {
	refs    map[string]uint64
	encoded []byte
}

func (t *symbolTable) ref(s string) uint64 {
	n, ok := t.refs[s]
	if !ok {
		n = uint64(len(t.refs))
		t.refs[s] = n
		t.encoded = textField(t.encoded, 4, s)
	}
	return n
}

func (t *symbolTable) metadata(m metricType, name string) []byte {
	b := binary.AppendUvarint([]byte{1 << 3}, uint64(m))
	b = binary.AppendUvarint(append(b, 3<<3), t.ref(help(name)))
	return field(nil, 5, b)
}

// appendSample writes a Sample's fields. Like every proto3 writer it leaves
// out zeros.
func appendSample(b []byte, v float64, ms int64) []byte {
	if bits := math.Float64bits(v); bits != 0 {
		b = binary.LittleEndian.AppendUint64(append(b, 1<<3|1), bits)
	}
	return binary.AppendUvarint(append(b, 2<<3), uint64(ms))
}

func field(b []byte, number int, value []byte) []byte {
	return append(header(b, number, len(value)), value...)
}

func textField(b []byte, number int, value string) []byte {
	return append(header(b, number, len(value)), value...)
}

// header writes the tag and length of a length-delimited field.
func header(b []byte, number, length int) []byte {
	return binary.AppendUvarint(append(b, byte(number<<3|2)), uint64(length))
}
