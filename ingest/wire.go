package ingest

import (
	"encoding/binary"

	"github.com/hearth-metrics/hearth"
)

// Protobuf wire types. Groups (3 and 4) are refused.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func malformed(msg string) error {
	return &hearth.Error{Kind: hearth.Malformed, Msg: msg}
}

var (
	errTruncated = malformed("the protobuf message is truncated or malformed")
	errWireType  = malformed("the protobuf message has a field of the wrong wire type")
)

// uvarint reads the varint at b[i]. next is -1 if there is none: cut off, or
// longer than ten bytes.
func uvarint(b []byte, i int) (v uint64, next int) {
	if uint(i) < uint(len(b)) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	return longUvarint(b, i)
}

func longUvarint(b []byte, i int) (uint64, int) {
	if i >= len(b) {
		return 0, -1
	}
	v, n := binary.Uvarint(b[i:])
	if n <= 0 {
		return 0, -1
	}
	return v, i + n
}

// tag reads a field's number and wire type.
func tag(b []byte, i int) (num uint64, wire, next int) {
	v, next := uvarint(b, i)
	if next < 0 || v>>3 == 0 || v>>3 > 1<<29-1 {
		return 0, 0, -1
	}
	return v >> 3, int(v & 7), next
}

// span reads a length and returns where the bytes it announces begin and end;
// end is -1 if they are not all there.
func span(b []byte, i int) (start, end int) {
	n, start := uvarint(b, i)
	if start < 0 || n > uint64(len(b)-start) {
		return 0, -1
	}
	return start, start + int(n)
}

// skip passes over a field's value; -1 if it is not all there.
func skip(b []byte, i, wire int) int {
	switch wire {
	case wireVarint:
		_, i = uvarint(b, i)
		return i
	case wireFixed64:
		i += 8
	case wireFixed32:
		i += 4
	case wireBytes:
		_, i = span(b, i)
		return i
	default:
		return -1
	}
	if i > len(b) {
		return -1
	}
	return i
}

func fixed64(b []byte, i int) (uint64, int) {
	if i+8 > len(b) {
		return 0, -1
	}
	return binary.LittleEndian.Uint64(b[i:]), i + 8
}

// A field is one field of a message: its value is num for varints and fixed
// numbers, b for bytes.
type field struct {
	id   uint64
	wire int
	num  uint64
	b    []byte
}

// nextField reads the field at b[i]; next is -1 if it is malformed.
func nextField(b []byte, i int) (f field, next int) {
	f.id, f.wire, i = tag(b, i)
	if i < 0 {
		return f, -1
	}
	switch f.wire {
	case wireVarint:
		f.num, i = uvarint(b, i)
	case wireFixed64:
		f.num, i = fixed64(b, i)
	case wireBytes:
		var start int
		if start, i = span(b, i); i >= 0 {
			f.b = b[start:i]
		}
	default:
		i = skip(b, i, f.wire)
	}
	return f, i
}

// eachField calls f for every field of message b.
func eachField(b []byte, f func(field) error) error {
	for i := 0; i < len(b); {
		fd, next := nextField(b, i)
		if next < 0 {
			return errTruncated
		}
		if err := f(fd); err != nil {
			return err
		}
		i = next
	}
	return nil
}

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
