package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxDocument = 128 << 10 // bytes; no kind of policy may be longer
	maxDepth    = 12        // deeper than any element of a policy
)

// An element is a piece of a JSON text that remembers where it stood.
type element struct {
	kind       elementKind
	text       string    // of a text, number or boolean
	names      []string  // of an object's members, in order
	items      []element // members' values, or a list's items
	start, end int       // bytes from the beginning
}

type elementKind string

const (
	object  elementKind = "an object"
	list    elementKind = "a list"
	text    elementKind = "a text"
	number  elementKind = "a number"
	boolean elementKind = "true or false"
	null    elementKind = "null"
)

// member returns the value of an object's member.
func (e *element) member(name string) (*element, bool) {
	for i, n := range e.names {
		if n == name {
			return &e.items[i], true
		}
	}
	return nil, false
}

// asList is a list's items, or the one thing that stands where a list may.
func (e *element) asList() []element {
	if e.kind == list {
		return e.items
	}
	return []element{*e}
}

// readJSON reads a whole JSON text. Unlike encoding/json it refuses a member
// that is named twice: whoever reads the policy would see one and we obey the
// other.
func readJSON(src string) (*element, error) {
	r := &jsonReader{src: src, dec: json.NewDecoder(strings.NewReader(src))}
	r.dec.UseNumber()
	e, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, r.fault("there is more text after the document's end")
	}
	return e, nil
}

type jsonReader struct {
	src string
	dec *json.Decoder
}

func (r *jsonReader) fault(format string, args ...any) error {
	line, column := position(r.src, int(r.dec.InputOffset()))
	return fmt.Errorf("line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

func (r *jsonReader) value(depth int) (*element, error) {
	if depth > maxDepth {
		return nil, r.fault("the document is nested too deeply")
	}
	e := &element{start: r.next()}
	token, err := r.dec.Token()
	if err != nil {
		return nil, r.fault("not JSON: %s", plainSyntax(err))
	}
	switch v := token.(type) {
	case json.Delim:
		e.kind = list
		if v == '{' {
			e.kind = object
		}
		err = r.inside(e, depth)
	case string:
		e.kind, e.text = text, v
	case json.Number:
		e.kind, e.text = number, v.String()
	case bool:
		e.kind, e.text = boolean, fmt.Sprint(v)
	default:
		e.kind = null
	}
	e.end = int(r.dec.InputOffset())
	return e, err
}

// inside reads the members of an object or the items of a list, and its end.
func (r *jsonReader) inside(e *element, depth int) error {
	for r.dec.More() {
		if e.kind == object {
			name, err := r.name(e)
			if err != nil {
				return err
			}
			e.names = append(e.names, name)
		}
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		e.items = append(e.items, *item)
	}
	if _, err := r.dec.Token(); err != nil {
		return r.fault("not JSON: %s", plainSyntax(err))
	}
	return nil
}

func (r *jsonReader) name(e *element) (string, error) {
	token, err := r.dec.Token()
	if err != nil {
		return "", r.fault("not JSON: %s", plainSyntax(err))
	}
	name, ok := token.(string)
	if !ok {
		return "", r.fault("a member needs a name in quotes")
	}
	if _, twice := e.member(name); twice {
		return "", r.fault("%q is given twice", name)
	}
	return name, nil
}

// next is where the next token begins.
func (r *jsonReader) next() int {
	at := int(r.dec.InputOffset())
	for at < len(r.src) && strings.IndexByte(" \t\r\n,:", r.src[at]) >= 0 {
		at++
	}
	return at
}

func plainSyntax(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the text ends early"
	}
	return err.Error()
}

// position turns an offset into a line and a column, both from 1.
func position(src string, offset int) (line, column int) {
	before := src[:min(offset, len(src))]
	last := strings.LastIndexByte(before, '\n')
	return strings.Count(before, "\n") + 1, len(before) - last
}
