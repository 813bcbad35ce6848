package rules

import (
	"fmt"
	"maps"
	"slices"
	"text/template/parse"

	"github.com/prometheus/prometheus/model/rulefmt"
)

// maxCalls bounds how often the templates that one label or annotation defines
// may call one another, in all. Ten that each call the next one ten times would
// write for years.
const maxCalls = 1000

// checkTemplates refuses labels and annotations that would expand without end.
func checkTemplates(groups *rulefmt.RuleGroups) []Fault {
	var faults []Fault
	for _, g := range groups.Groups {
		for i, r := range g.Rules {
			for _, texts := range []map[string]string{r.Labels, r.Annotations} {
				for _, name := range slices.Sorted(maps.Keys(texts)) {
					if err := checkTemplate(texts[name]); err != nil && r.Alert != "" {
						faults = append(faults, Fault{Msg: fmt.Sprintf("group %q, rule %d, %q: %s: %v", g.Name, i+1, r.Alert, name, err)})
					}
				}
			}
		}
	}
	return faults
}

// checkTemplate looks only at which template calls which: what else may be wrong
// with it, Prometheus has found before.
func checkTemplate(text string) error {
	tree := parse.New("main")
	tree.Mode = parse.SkipFuncCheck
	set := map[string]*parse.Tree{}
	if _, err := tree.Parse("{{$labels := 0}}{{$value := 0}}{{$externalLabels := 0}}{{$externalURL := 0}}"+text, "", "", set); err != nil {
		return err
	}
	c := calls{set: set, total: map[string]int{}, open: map[string]bool{}}
	if n, err := c.of("main"); err != nil || n > maxCalls {
		return fmt.Errorf("its templates call one another more than %d times, or without end", maxCalls)
	}
	return nil
}

// calls counts how many calls a template leads to.
type calls struct {
	set   map[string]*parse.Tree
	total map[string]int
	open  map[string]bool // being counted: met again, it calls itself
}

func (c *calls) of(name string) (int, error) {
	if n, ok := c.total[name]; ok {
		return n, nil
	}
	if c.open[name] {
		return 0, fmt.Errorf("%s calls itself", name)
	}
	tree := c.set[name]
	if tree == nil {
		return 0, nil
	}
	c.open[name] = true
	defer delete(c.open, name)
	n, err := c.in(tree.Root)
	c.total[name] = n
	return n, err
}

func (c *calls) in(list *parse.ListNode) (int, error) {
	if list == nil {
		return 0, nil
	}
	total := 0
	for _, node := range list.Nodes {
		n, err := c.at(node)
		if err != nil {
			return 0, err
		}
		total = min(total+n, maxCalls+1)
	}
	return total, nil
}

func (c *calls) at(node parse.Node) (int, error) {
	switch n := node.(type) {
	case *parse.TemplateNode:
		inner, err := c.of(n.Name)
		return inner + 1, err
	case *parse.IfNode:
		return c.branches(&n.BranchNode)
	case *parse.RangeNode:
		return c.branches(&n.BranchNode)
	case *parse.WithNode:
		return c.branches(&n.BranchNode)
	}
	return 0, nil
}

func (c *calls) branches(b *parse.BranchNode) (int, error) {
	yes, err := c.in(b.List)
	if err != nil {
		return 0, err
	}
	no, err := c.in(b.ElseList)
	return min(yes+no, maxCalls+1), err
}
