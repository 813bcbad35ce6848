package iam

// Keys answers what a request's condition keys are. Names are in lower case.
// A key that is not there has ok false; one may have several values, or none.
type Keys interface {
	Get(key string) (values []string, ok bool)
}

// Values are Keys from a map, for simulations and tests.
type Values map[string][]string

// Get looks key up.
func (v Values) Get(key string) ([]string, bool) {
	got, ok := v[key]
	return got, ok
}

// Set gives a key its values, whatever the case of its name.
func (v Values) Set(key string, values ...string) { v[lower(key)] = values }

// layered asks the first Keys, then the second.
type layered struct{ over, under Keys }

func (l layered) Get(key string) ([]string, bool) {
	if got, ok := l.over.Get(key); ok {
		return got, true
	}
	return l.under.Get(key)
}
