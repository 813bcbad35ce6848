package awsapi

import (
	"slices"
	"strings"
)

// maxParams is how many {names} a path has at most.
const maxParams = 3

// A router finds the row for a method and an escaped path. A literal segment
// wins over a {name}.
type router struct {
	root node
}

type node struct {
	literal map[string]*node
	param   *node
	name    string // of param
	rows    []*row
	rest    *node // of {rest...}: whatever follows
}

// A match is a row and the still escaped values of its path's {names}.
type match struct {
	row    *row
	params params
}

type params struct {
	names  [maxParams]string
	values [maxParams]string
	n      int
	rest   string // what {rest...} stands for, still escaped
}

// get returns the escaped value of a {name}; empty if the path has none.
func (p *params) get(name string) string {
	for i := range p.n {
		if p.names[i] == name {
			return p.values[i]
		}
	}
	return ""
}

func newRouter(rows []*row) *router {
	t := &router{}
	for _, r := range rows {
		t.root.add(r, strings.TrimPrefix(r.path, "/"))
	}
	return t
}

func (n *node) add(r *row, path string) {
	for path != "" {
		var segment string
		segment, path, _ = strings.Cut(path, "/")
		n = n.child(segment)
	}
	n.rows = append(n.rows, r)
}

func (n *node) child(segment string) *node {
	if segment == "{rest...}" {
		if n.rest == nil {
			n.rest = &node{}
		}
		return n.rest
	}
	if name, ok := strings.CutPrefix(segment, "{"); ok {
		if n.param == nil {
			n.param, n.name = &node{}, strings.TrimSuffix(name, "}")
		}
		return n.param
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	if n.literal[segment] == nil {
		n.literal[segment] = &node{}
	}
	return n.literal[segment]
}

// find returns the row for method and path. If the path exists but not with
// this method, allowed names the methods it has.
//
// Clients of the data plane join URLs carelessly, so for data-plane rows alone
// repeated and trailing slashes do not count.
func (t *router) find(method, path string) (m match, allowed []string) {
	m, allowed = t.exact(method, path)
	if m.row != nil {
		return m, nil
	}
	if tidy := tidyPath(path); tidy != path {
		if loose, _ := t.exact(method, tidy); loose.row != nil && loose.row.careless() {
			return loose, nil
		}
	}
	return match{}, allowed
}

func (t *router) exact(method, path string) (m match, allowed []string) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return match{}, nil
	}
	n := t.root.walk(rest, &m.params)
	if n == nil {
		return match{}, nil
	}
	for _, r := range n.rows {
		if r.method == method {
			m.row = r
			return m, nil
		}
		allowed = append(allowed, r.method)
	}
	return match{}, allowed
}

// walk goes back to the {name} where the literal leads nowhere.
func (n *node) walk(path string, p *params) *node {
	if path == "" {
		if len(n.rows) == 0 {
			return nil
		}
		return n
	}
	if found := n.walkNamed(path, p); found != nil {
		return found
	}
	if n.rest != nil {
		p.rest = path
	}
	return n.rest
}

func (n *node) walkNamed(path string, p *params) *node {
	segment, rest, more := strings.Cut(path, "/")
	if segment == "" || more && rest == "" {
		return nil
	}
	if next := n.literal[segment]; next != nil {
		if found := next.walk(rest, p); found != nil {
			return found
		}
	}
	if n.param == nil || p.n == maxParams {
		return nil
	}
	p.names[p.n], p.values[p.n] = n.name, segment
	p.n++
	if found := n.param.walk(rest, p); found != nil {
		return found
	}
	p.n--
	return nil
}

// tidyPath drops empty segments.
func tidyPath(path string) string {
	if !strings.Contains(path, "//") && !strings.HasSuffix(path, "/") {
		return path
	}
	segments := strings.Split(path, "/")
	segments = slices.DeleteFunc(segments, func(s string) bool { return s == "" })
	return "/" + strings.Join(segments, "/")
}
