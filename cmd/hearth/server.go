package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

// Bounds on what a peer may do with a connection.
const (
	maxConnections    = 16_384
	maxHeaderBytes    = 64 << 10
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute // the whole request, body included
	writeTimeout      = 5 * time.Minute
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 30 * time.Second // requests under way may finish in this time
)

// A server is one listener with its handler: an actor of the run group.
type server struct {
	name     string
	listener net.Listener
	http     *http.Server
	tls      string // exporter-toolkit file; empty for plain HTTP
	log      *slog.Logger
}

func listen(ctx context.Context, name, addr string, h http.Handler, tls string, log *slog.Logger) (*server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, listenFault(name, addr, err)
	}
	return &server{
		name:     name,
		listener: netutil.LimitListener(l, maxConnections),
		tls:      tls,
		log:      log,
		http: &http.Server{
			Handler:           h,
			MaxHeaderBytes:    maxHeaderBytes,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}, nil
}

// listenFault says which setting to change.
func listenFault(name, addr string, err error) error {
	setting := map[string]string{"api": "web.listen-address", "debug": "debug.listen-address"}[name]
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: another program, maybe another Hearth, already listens at %s; choose another address with --%s", setting, addr, setting)
	}
	return fmt.Errorf("%s: %w", setting, err)
}

func (s *server) addr() string { return s.listener.Addr().String() }

// run serves until shutdown.
func (s *server) run() error {
	serve := func() error { return s.http.Serve(s.listener) }
	if s.tls != "" {
		serve = s.serveTLS
	}
	err := serve()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.name, err)
}

// shutdown lets the requests under way finish, then closes their connections.
func (s *server) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("requests were cut off", "listener", s.name, "err", err)
		_ = s.http.Close()
	}
}

// profiles serves /debug/pprof, on a listener of its own.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
