package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A peer is a program to measure: how it is started, asked and signed for.
type peer struct {
	name   string
	bin    string
	env    []string
	config string // its configuration file
	write  string // name of its remote-write endpoint
	args   func(s *server) []string
	client func(connections int) (*http.Client, error)
	// open makes a place for samples and returns the path before /api/v1.
	open func(ctx context.Context, s *server) (string, error)
}

// A server is a running peer.
type server struct {
	peer   *peer
	dir    string // its own: data, log, configuration
	addr   string
	debug  string // where the profiles are
	spare  string // a second free address, should the peer need one
	core   int    // the one it may run on, or anyCore
	client *http.Client
	cmd    *exec.Cmd
	exit   chan error // gets the process' end
	log    *os.File
	begun  time.Time
}

const (
	startLimit = 2 * time.Minute
	anyCore    = -1
)

// start runs p with its data in dir, and returns at once.
func start(p *peer, dir string, core int) (*server, error) {
	s := &server{peer: p, dir: dir, core: core}
	var err error
	if s.client, err = p.client(generatorConnections); err != nil {
		return nil, err
	}
	return s, s.launch()
}

// launch starts the process, the first time or again.
func (s *server) launch() (err error) {
	if s.addr, err = freeAddress(); err != nil {
		return err
	}
	if s.spare, err = freeAddress(); err != nil {
		return err
	}
	s.debug = s.addr
	if err := os.MkdirAll(s.data(), 0o755); err != nil {
		return err
	}
	if err := s.writeConfig(); err != nil {
		return err
	}
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	args := append([]string{s.peer.bin}, s.peer.args(s)...)
	if s.core != anyCore {
		args = append([]string{"taskset", "-c", strconv.Itoa(s.core)}, args...)
	}
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Env = append(os.Environ(), s.peer.env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.begun = time.Now()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.peer.name, err)
	}
	s.exit = make(chan error, 1)
	go func(cmd *exec.Cmd) { s.exit <- cmd.Wait() }(s.cmd)
	return nil
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }
func (s *server) pid() int     { return s.cmd.Process.Pid }
func (s *server) url() string  { return "http://" + s.addr }

// ready waits until the server says it is, and returns how long that took since
// it was launched.
func (s *server) ready(ctx context.Context) (time.Duration, error) {
	err := s.poll(ctx, func() (bool, error) {
		resp, err := http.Get(s.url() + "/-/ready")
		if err != nil {
			return false, nil
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode == http.StatusOK, err
	})
	return time.Since(s.begun), err
}

// poll asks until yes is true, quickly, because what it finds out is a time.
func (s *server) poll(ctx context.Context, yes func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := yes()
		if ok || err != nil {
			return err
		}
		select {
		case err := <-s.exit:
			s.exit <- err // for end
			return fmt.Errorf("%s ended: %w: %s", s.peer.name, err, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %s", s.peer.name, ctx.Err(), s.tail())
		case <-tick.C:
		}
	}
}

// kill ends the process without warning.
func (s *server) kill() error { return s.end(syscall.SIGKILL) }

// stop asks the process to end and waits for it.
func (s *server) stop() error { return s.end(syscall.SIGTERM) }

func (s *server) end(sig syscall.Signal) error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := <-s.exit
	s.cmd = nil
	s.client.CloseIdleConnections()
	if closed := s.log.Close(); closed != nil {
		return closed
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil // killed, as asked
	}
	return err
}

// tail is the end of the server's log.
func (s *server) tail() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return "its log ends\n" + string(text[max(0, len(text)-2_000):])
}

func (s *server) cpu() (time.Duration, error) { return cpuTime(s.pid()) }
func (s *server) memory() (memory, error)     { return memoryOf(s.pid()) }

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
