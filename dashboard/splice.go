package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
)

// A member of a JSON object, by where it is in the text.
type member struct {
	name     string
	from, to int // of the value
	begin    int // of the name
}

var errNoObject = errors.New("is not a JSON object")

// membersOf finds the members of the JSON object that raw is.
func membersOf(raw []byte) (list []member, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, errNoObject
	}
	for d.More() {
		before := int(d.InputOffset())
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		to := int(d.InputOffset())
		begin := before + bytes.IndexByte(raw[before:], '"')
		text, _ := name.(string) // the names of an object are texts
		list = append(list, member{name: text, begin: begin, from: to - len(value), to: to})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more after the JSON object")
	}
	return list, nil
}

// A setting is a value for one member of an object.
type setting struct {
	name  string
	value []byte // JSON
}

func setText(name, value string) setting {
	text, err := json.Marshal(value)
	if err != nil {
		panic("dashboard: " + err.Error()) // every text can be written
	}
	return setting{name, text}
}

func setNumber(name string, n int64) setting { return setting{name, strconv.AppendInt(nil, n, 10)} }

// splice sets members of the JSON object that raw is and leaves every other byte
// as it is. Members that are not there come last.
func splice(raw []byte, set ...setting) ([]byte, error) {
	list, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(raw) + 64*len(set))
	at, found := 0, map[string]bool{}
	for _, m := range list {
		i := slices.IndexFunc(set, func(s setting) bool { return s.name == m.name })
		if i < 0 {
			continue
		}
		out.Write(raw[at:m.from])
		out.Write(set[i].value)
		at, found[m.name] = m.to, true
	}
	end := bytes.LastIndexByte(raw, '}')
	if len(list) > 0 && at < list[len(list)-1].to {
		out.Write(raw[at:list[len(list)-1].to])
		at = list[len(list)-1].to
	}
	comma := len(list) > 0
	for _, s := range set {
		if found[s.name] {
			continue
		}
		if at < end && !comma {
			out.Write(raw[at:end])
			at = end
		}
		if comma {
			out.WriteByte(',')
		}
		out.WriteString(strconv.Quote(s.name) + ":")
		out.Write(s.value)
		comma = true
	}
	out.Write(raw[at:])
	return out.Bytes(), nil
}

// without leaves members of the object out.
func without(raw []byte, names ...string) ([]byte, error) {
	list, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(m member) bool { return slices.Contains(names, m.name) }) {
		return raw, nil
	}
	out := []byte{'{'}
	first := true
	for _, m := range list {
		if slices.Contains(names, m.name) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		out, first = append(out, raw[m.begin:m.to]...), false
	}
	return append(out, '}'), nil
}
