package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/store"
)

// Somebody who asks again does not want to wait for requests under way. A signal
// that a process group sends twice at once is one asking.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	r := startHearth(t)
	slow, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	_, err = io.WriteString(slow, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Read(make([]byte, 12)); err != nil { // 100 Continue: its body is being read
		t.Fatal(err)
	}
	began := time.Now()
	for _, sig := range []os.Signal{os.Interrupt, os.Interrupt} {
		if err := r.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(2 * shutdownTimeout); ; {
		select {
		case <-r.done:
			if took := time.Since(began); took < patience || took >= shutdownTimeout {
				t.Errorf("ended after %s, want soon after %s", took, patience)
			}
			return
		case <-again.C:
			_ = r.cmd.Process.Signal(os.Interrupt)
		case <-deadline:
			t.Fatal("it does not end")
		}
	}
}

// A throw-away folder goes, too, when the terminal is closed.
func TestHangUpRemovesTheFolder(t *testing.T) {
	// Where hang-ups are ignored, as under nohup, a child would inherit that.
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	tmp := t.TempDir()
	cmd := exec.Command("hearth", "dev", "--web.listen-address=127.0.0.1:0")
	out := &safeBuffer{}
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "TMPDIR="+tmp), out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); !strings.Contains(out.String(), "Hearth is ready"); {
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("ended:\n%s", out)
		case <-deadline:
			t.Fatalf("not ready:\n%s", out)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatalf("it does not end:\n%s", out)
	}
	left, err := filepath.Glob(filepath.Join(tmp, "*"))
	if err != nil || len(left) > 0 || cmd.ProcessState.ExitCode() != exitFine {
		t.Errorf("exit code %d, %v is left, %v\n%s", cmd.ProcessState.ExitCode(), left, err, out)
	}
}

// What rooms record while they close is kept.
func TestLedgerOutlivesTheRooms(t *testing.T) {
	c := defaultConfig()
	c.Storage.Path = t.TempDir()
	p := &program{config: &c, keys: rootKeys, log: slog.New(slog.DiscardHandler), registry: newRegistry()}
	p.health = newHealth("serve", p.registry)
	ctx, cancel := context.WithCancel(t.Context())
	if err := p.open(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	p.rooms.ledger.Record(hearth.Event{Account: "000000000000", Kind: hearth.EventStorageTrouble, Summary: "The last words."})
	if err := p.close(); err != nil {
		t.Fatal(err)
	}

	st, err := store.OpenSQLite(t.Context(), filepath.Join(c.Storage.Path, "hearth.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	events, err := ledger.New(ledger.Options{Store: st}).Find(t.Context(), ledger.Query{Account: "000000000000", Limit: 10})
	if err != nil || len(events) != 1 {
		t.Errorf("%d events are kept, %v", len(events), err)
	}
}
