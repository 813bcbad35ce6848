package hearth

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"text/template/parse"
)

// What the template of a rule's label or annotation may do. Nobody can stop it
// once it runs, so that one without an end would hold an evaluation for ever.
const (
	maxTemplateCalls = 1000  // of the templates that it defines, in all: ten that call the next one ten times would write for years
	maxTemplateLoops = 2     // loops inside each other
	maxTemplateCount = 1000  // whole numbers: a loop may count up to one
	maxTemplateText  = 1_000 // characters to which printf may pad
)

// CheckTemplate refuses the template of a rule's label or annotation that would
// expand without end or to very much. What else may be wrong with it is not looked
// at. head declares the variables that it may use.
// https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
func CheckTemplate(head, text string) error {
	tree := parse.New("main")
	tree.Mode = parse.SkipFuncCheck
	set := map[string]*parse.Tree{}
	if _, err := tree.Parse(head+text, "", "", set); err != nil {
		return err
	}
	c := templateCosts{set: set, known: map[string]templateCost{}, open: map[string]bool{}}
	cost, err := c.of("main")
	switch {
	case err != nil:
		return err
	case cost.calls > maxTemplateCalls:
		return fmt.Errorf("its templates call one another more than %d times, or without end", maxTemplateCalls)
	case cost.loops > maxTemplateLoops:
		return fmt.Errorf("it has more than %d loops inside each other", maxTemplateLoops)
	case c.loose && c.number:
		return fmt.Errorf("it loops over a value, and makes a number that would be one: range over query, sortByLabel or labels, and count to %d at most", maxTemplateCount)
	}
	return nil
}

// A templateCost is what running a part of a template may lead to.
type templateCost struct {
	calls int // of templates
	loops int // inside each other
}

// templateCosts adds up what templates lead to.
type templateCosts struct {
	set    map[string]*parse.Tree
	known  map[string]templateCost
	open   map[string]bool // being looked at: met again, it calls itself
	loose  bool            // a loop is over a value that could be a number
	number bool            // a number beyond maxTemplateCount may become such a value
}

func (c *templateCosts) of(name string) (templateCost, error) {
	if cost, ok := c.known[name]; ok {
		return cost, nil
	}
	if c.open[name] {
		return templateCost{calls: maxTemplateCalls}, nil
	}
	tree := c.set[name]
	if tree == nil {
		return templateCost{}, nil
	}
	c.open[name] = true
	defer delete(c.open, name)
	cost, err := c.in(tree.Root)
	c.known[name] = cost
	return cost, err
}

func (c *templateCosts) in(list *parse.ListNode) (total templateCost, err error) {
	if list == nil {
		return total, nil
	}
	for _, node := range list.Nodes {
		cost, err := c.at(node)
		if err != nil {
			return total, err
		}
		total = total.and(cost)
	}
	return total, nil
}

func (a templateCost) and(b templateCost) templateCost {
	return templateCost{calls: min(a.calls+b.calls, maxTemplateCalls+1), loops: max(a.loops, b.loops)}
}

func (c *templateCosts) at(node parse.Node) (templateCost, error) {
	switch n := node.(type) {
	case *parse.ActionNode:
		return templateCost{}, c.flow(n.Pipe, len(n.Pipe.Decl) > 0)
	case *parse.TemplateNode:
		cost, err := c.of(n.Name)
		cost.calls++
		return cost, errors.Join(err, c.flow(n.Pipe, true))
	case *parse.IfNode:
		return c.branches(&n.BranchNode, len(n.Pipe.Decl) > 0)
	case *parse.WithNode:
		return c.branches(&n.BranchNode, true)
	case *parse.RangeNode:
		if err := c.loop(n.Pipe); err != nil {
			return templateCost{}, err
		}
		cost, err := c.branches(&n.BranchNode, true)
		cost.loops++
		return cost, err
	}
	return templateCost{}, nil
}

func (c *templateCosts) branches(b *parse.BranchNode, kept bool) (templateCost, error) {
	if err := c.flow(b.Pipe, kept); err != nil {
		return templateCost{}, err
	}
	yes, err := c.in(b.List)
	if err != nil {
		return yes, err
	}
	no, err := c.in(b.ElseList)
	return yes.and(no), err
}

// loop looks at what a loop is over. A whole number is counted up to.
func (c *templateCosts) loop(p *parse.PipeNode) error {
	switch first := p.Cmds[len(p.Cmds)-1].Args[0].(type) {
	case *parse.IdentifierNode:
		if slices.Contains([]string{"query", "sortByLabel", "args"}, first.Ident) {
			return nil
		}
	case *parse.PipeNode:
		return c.loop(first)
	case *parse.DotNode, *parse.FieldNode, *parse.VariableNode:
		c.loose = c.loose || !slices.Contains([]string{"$labels", ".Labels", "$externalLabels", "$values"}, first.String())
		return nil
	case *parse.NumberNode:
		if !tooFar(first) {
			return nil
		}
	}
	return fmt.Errorf("it loops over %s: range over query, sortByLabel or labels", p)
}

func tooFar(n *parse.NumberNode) bool { return n.IsInt && n.Int64 > maxTemplateCount }

// counting are the functions whose results, or what can be had of these, a loop
// could count up to.
var counting = []string{"len", "toTime", "toDuration"}

// wide are formats that pad to very much, or to as much as a value says.
var wide = regexp.MustCompile(`%[^a-zA-Z%]*(\*|[0-9]{4,})`)

// flow looks at a pipeline. kept says that its value becomes a dot or a variable.
func (c *templateCosts) flow(p *parse.PipeNode, kept bool) error {
	if p == nil {
		return nil
	}
	for _, cmd := range p.Cmds {
		name := ""
		if f, ok := cmd.Args[0].(*parse.IdentifierNode); ok {
			name = f.Ident
		}
		if err := checkPrintf(name, cmd.Args); err != nil {
			return err
		}
		c.number = c.number || kept && slices.Contains(counting, name)
		for i, arg := range cmd.Args {
			if err := c.argument(arg, kept, i == 0 || name == "or" || name == "and"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *templateCosts) argument(arg parse.Node, kept, value bool) error {
	switch a := arg.(type) {
	case *parse.NumberNode:
		c.number = c.number || kept && value && tooFar(a)
	case *parse.PipeNode:
		return c.flow(a, kept)
	case *parse.ChainNode:
		return c.argument(a.Node, kept, value)
	}
	return nil
}

// checkPrintf refuses what could pad a little to very much.
func checkPrintf(name string, args []parse.Node) error {
	if name != "printf" {
		return nil
	}
	format, ok := args[min(1, len(args)-1)].(*parse.StringNode)
	if !ok || wide.MatchString(format.Text) {
		return fmt.Errorf("printf needs a format that is written out, and pads to less than %d characters", maxTemplateText)
	}
	return nil
}
