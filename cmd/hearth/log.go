package main

import (
	"io"
	"log/slog"

	"github.com/prometheus/common/promslog"
)

// newLog makes the program's logger: logfmt or JSON lines on w.
func newLog(w io.Writer, c *Config) *slog.Logger {
	level, format := promslog.NewLevel(), promslog.NewFormat()
	_ = level.Set(c.Log.Level) // both were checked with the configuration
	_ = format.Set(c.Log.Format)
	return promslog.New(&promslog.Config{Level: level, Format: format, Writer: w})
}
