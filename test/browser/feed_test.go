package main

import (
	"testing"
	"time"
)

func TestFeed(t *testing.T) {
	found, err := parseFeed("# of one machine\n@ job=\"node\", instance=\"a\"\nload 1.5\nforks{cpu=\"0\"} +10\ntemp ~40..60\nclock t-60\n")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(epoch+100, 0)
	for i, want := range []struct {
		name  string
		value float64
	}{{"load", 1.5}, {"forks", 1000}, {"temp", found[2].value(at)}, {"clock", epoch + 40}} {
		k := found[i]
		if k.labels["__name__"] != want.name || k.value(at) != want.value || k.labels["job"] != "node" || k.labels["instance"] != "a" {
			t.Errorf("series %d is %v = %v, want %s = %v", i, k.labels, k.value(at), want.name, want.value)
		}
	}
	if v := found[2].value(at); v < 40 || v > 60 {
		t.Errorf("a wave from 40 to 60 has %v", v)
	}
	for _, wrong := range []string{"load", "load x", "load ~1..x", "{a=\"b\"} 1", "load t-x"} {
		if _, err := parseFeed(wrong); err == nil {
			t.Errorf("%q is taken for a series", wrong)
		}
	}
	if _, err := fed(); err != nil {
		t.Error(err)
	}
}
