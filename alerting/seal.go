package alerting

import (
	"bytes"
	"fmt"

	"github.com/hearth-metrics/hearth"
)

// A Sealer encrypts what must not be read from disk.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// sealedPrefix begins a definition that is sealed. YAML cannot begin so: what was
// kept before definitions were sealed is read as it is.
var sealedPrefix = []byte("\x00sealed\x00")

func aboutDefinition(id hearth.WorkspaceID) string {
	return "alert manager definition of " + string(id)
}

// seal makes of a definition, which has its receivers' secrets in it, what the
// store keeps.
func (r *Room) seal(id hearth.WorkspaceID, data []byte) []byte {
	if r.opts.Sealer == nil {
		return data
	}
	return append(bytes.Clone(sealedPrefix), r.opts.Sealer.Seal(data, aboutDefinition(id))...)
}

// unseal is seal's reverse.
func (r *Room) unseal(id hearth.WorkspaceID, kept []byte) ([]byte, error) {
	box, sealed := bytes.CutPrefix(kept, sealedPrefix)
	switch {
	case !sealed:
		return kept, nil
	case r.opts.Sealer == nil:
		return nil, fmt.Errorf("the alert manager definition of %s is sealed, and there is no key", id)
	}
	data, err := r.opts.Sealer.Open(box, aboutDefinition(id))
	if err != nil {
		return nil, fmt.Errorf("open the alert manager definition of %s: %w", id, err)
	}
	return data, nil
}
