package alerting

import (
	"errors"
	"fmt"
	"time"
)

// What one rendering may take. A definition is a stranger's program: templates
// call each other, loop over numbers and double their variables.
const (
	renderTime  = time.Second // of all fields of a notification together
	renderBytes = 1 << 20     // of one field
	valueBytes  = 4 << 20     // of one value a function makes
	renderSteps = 1 << 20     // rounds of loops and calls of templates
	callSteps   = 32          // what a call of a template counts as: each takes stack until it returns
)

// A budget bounds one rendering. It belongs to one goroutine.
type budget struct {
	deadline time.Time
	steps    int
	text     []byte
}

var (
	errSlow  = fmt.Errorf("the templates take more than %s", renderTime)
	errSteps = errors.New("the templates loop or call each other too often")
	errBytes = fmt.Errorf("the templates make more than %d bytes of one field", renderBytes)
	errValue = fmt.Errorf("a template function makes a value of more than %d bytes", valueBytes)
)

// spend takes n steps.
func (b *budget) spend(n int) error {
	if b.steps += n; b.steps > renderSteps {
		return errSteps
	}
	if time.Now().After(b.deadline) {
		return errSlow
	}
	return nil
}

// Write takes the field's text.
func (b *budget) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > renderBytes {
		return 0, errBytes
	}
	if time.Now().After(b.deadline) {
		return 0, errSlow
	}
	b.text = append(b.text, p...)
	return len(p), nil
}
