package main

import (
	"io"

	"github.com/hearth-metrics/hearth/ledger"
)

// A plainWriter writes what targets, servers and users said so that a terminal does
// nothing but show it. One Write is whole text, as fmt's are.
type plainWriter struct{ io.Writer }

// Write writes p harmless.
func (w plainWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, ledger.Harmless(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
