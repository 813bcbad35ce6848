package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/cloudwatch"
)

// run is the exporter: it polls, and serves YACE's paths, until the context ends.
func (f *exporterFlags) run(cmd *cobra.Command) error {
	c, err := readCloudWatch(f.config)
	if err != nil {
		return err
	}
	log := f.logger(cmd.ErrOrStderr())
	for _, n := range c.Notes {
		log.Warn("configuration", "file", f.config, "note", n.String())
	}
	o, err := f.options(c, log)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent) // a poll is mostly garbage, and a pod's memory is small
	}
	if err := refuseItself(cmd.Context(), c); err != nil {
		log.Warn("the exporter asks Hearth, not AWS", "err", err)
	}
	e := cloudwatch.NewExporter(o)
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return misuse{fmt.Errorf("--listen-address: %w", err)}
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	server := &http.Server{Handler: f.paths(e, log), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute}
	served := make(chan error, 1)
	go func() { defer cancel(); served <- server.Serve(l) }()
	log.Info("CloudWatch exporter ready", "address", l.Addr().String(), "jobs", len(c.Jobs), "version", version)
	err = e.Run(ctx)
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	_ = server.Shutdown(stop)
	if s := <-served; !errors.Is(s, http.ErrServerClosed) {
		err = errors.Join(err, s)
	}
	return err
}

func (f *exporterFlags) logger(w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(f.level)); err != nil || f.debug { // f.check has looked at the text
		level = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: level}
	if f.format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

const exporterPage = `<html>
<head><title>Hearth: CloudWatch exporter</title></head>
<body>
<h1>CloudWatch exporter</h1>
<p>hearth %s</p>
<p><a href="/metrics">Metrics</a></p>
</body>
</html>`

// paths are YACE's.
func (f *exporterFlags) paths(e *cloudwatch.Exporter, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", e)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, exporterPage, version)
	})
	mux.HandleFunc("/reload", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		c, err := readCloudWatch(f.config)
		if err != nil {
			log.Error("configuration not reloaded: the old one stays", "err", err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		e.Reload(c)
		log.Info("configuration reloaded", "file", f.config, "jobs", len(c.Jobs))
	})
	if f.profiling {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}
