package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

// writerEnv names the store that a child of the test writes to until it is
// killed.
const writerEnv = "HEARTH_TEST_STORE_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		fmt.Fprintln(os.Stderr, writeForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever counts up. A number is printed once its Update and its record
// are acknowledged.
func writeForever(path string) error {
	ctx := context.Background()
	s, err := store.OpenSQLite(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	for {
		var n int
		err := s.Update(ctx, func(tx store.Tx) (err error) {
			if n, err = last(tx); err != nil {
				return err
			}
			n++
			return errors.Join(
				tx.Put("count", "last", []byte(strconv.Itoa(n))),
				tx.Put("numbers", fmt.Sprintf("%09d", n), []byte(strings.Repeat(strconv.Itoa(n)+" ", n%1000))))
		})
		if err != nil {
			return err
		}
		if err := s.AppendLog(ctx, "log", []store.Record{{Time: time.Unix(int64(n), 0), Key1: strconv.Itoa(n)}}); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func last(tx store.Tx) (int, error) {
	buf, err := tx.Get("count", "last")
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(buf))
}

func TestKilledStoreKeepsWhatItAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	var acked []int
	for round := range 8 {
		from := 0
		if len(acked) > 0 {
			from = acked[len(acked)-1]
		}
		acked = append(acked, writeAndKill(t, path, from+1+round*37)...)
		checkNumbers(t, path, acked)
	}
	t.Logf("%d updates were acknowledged", len(acked))
}

// writeAndKill starts a writer and kills it as soon as it has acknowledged
// until; it returns the numbers that were acknowledged.
func writeAndKill(t *testing.T, path string, until int) (acked []int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() { // to the end: what it wrote before it died counts
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			break // killed in the middle of a line
		}
		if acked = append(acked, n); n == until {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(acked) == 0 || acked[len(acked)-1] < until {
		t.Fatalf("the writer ended by itself after %d updates: %v", len(acked), err)
	}
	return acked
}

func checkNumbers(t *testing.T, path string, acked []int) {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	newest := acked[len(acked)-1]
	err := s.View(t.Context(), func(tx store.Tx) error {
		n, err := last(tx)
		if err != nil {
			return err
		}
		if n < newest || n > newest+1 {
			t.Errorf("the count is at %d, %d was acknowledged", n, newest)
		}
		return checkEach(t, tx, n)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range acked[max(0, len(acked)-500):] {
		records, err := s.Log(t.Context(), "log", store.LogQuery{Key1: strconv.Itoa(n)})
		if err != nil || len(records) != 1 {
			t.Fatalf("%d records of %d, %v; one was acknowledged", len(records), n, err)
		}
	}
}

func checkEach(t *testing.T, tx store.Tx, n int) error {
	t.Helper()
	all, err := tx.Scan("numbers", "", "", 0)
	if len(all) != n {
		t.Errorf("%d numbers; the count is at %d", len(all), n)
	}
	for i, e := range all {
		if want := strings.Repeat(strconv.Itoa(i+1)+" ", (i+1)%1000); e.Key != fmt.Sprintf("%09d", i+1) || string(e.Value) != want {
			t.Fatalf("number %d is not as it was written", i+1)
		}
	}
	return err
}

// A write-ahead log that was cut off anywhere, as by a power cut, loses whole
// Updates from the end and nothing else.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "s.db"))
	const n = 20
	for i := 1; i <= n; i++ {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(
				tx.Put("count", "last", []byte(strconv.Itoa(i))),
				tx.Put("numbers", fmt.Sprintf("%09d", i), []byte(strings.Repeat(strconv.Itoa(i)+" ", i))))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	main, errMain := os.ReadFile(filepath.Join(dir, "s.db"))
	wal, errWAL := os.ReadFile(filepath.Join(dir, "s.db-wal"))
	if err := errors.Join(errMain, errWAL, s.Close()); err != nil || len(wal) == 0 {
		t.Fatalf("copy the store: %v, %d bytes of log", err, len(wal))
	}
	before := n + 1
	for cut := 0; cut < len(wal); cut += len(wal) / 23 {
		left := openCopy(t, main, wal[:len(wal)-cut])
		if left > before || (cut == 0 && left != n) {
			t.Errorf("without the last %d bytes %d updates are left; %d were with more", cut, left, before)
		}
		before = left
	}
	if before == n {
		t.Error("cutting the log off changed nothing: the test tests nothing")
	}
}

// openCopy returns how many numbers a store with this content has.
func openCopy(t *testing.T, main, wal []byte) (n int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	if err := errors.Join(os.WriteFile(path, main, 0o600), os.WriteFile(path+"-wal", wal, 0o600)); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	defer s.Close()
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		if n, err = last(tx); err != nil {
			return err
		}
		all, err := tx.Scan("numbers", "", "", 0)
		if len(all) != n {
			t.Errorf("%d numbers; the count is at %d", len(all), n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
