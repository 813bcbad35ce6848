package hearth_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// permitted are the licences Hearth may link, by words that stand in their
// texts and in no other licence's.
var permitted = []struct{ name, words string }{
	{"Apache-2.0", "Apache License"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"BSD", "Redistribution and use in source and binary forms"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software"},
	{"ISC", "Permission to use, copy, modify, and distribute this software"},
	{"MPL-2.0", "Mozilla Public License"},
}

var forbiddenWords = []string{"GNU AFFERO GENERAL PUBLIC LICENSE", "GNU GENERAL PUBLIC LICENSE", "GNU LESSER GENERAL PUBLIC LICENSE", "Business Source License", "Server Side Public License"}

type dependency struct {
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// linked lists the modules the program links, with their folders.
func linked(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=Standard,Module", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{}
	for d := json.NewDecoder(out); ; {
		var dep dependency
		if err := d.Decode(&dep); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !dep.Standard && dep.Module != nil && !dep.Module.Main {
			dirs[dep.Module.Path] = dep.Module.Dir
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return dirs
}

func TestOnlyPermittedLicencesAreLinked(t *testing.T) {
	for path, dir := range linked(t) {
		text := licenceText(dir)
		if text == "" {
			t.Errorf("%s has no licence file: it may not be linked", path)
			continue
		}
		name := ""
		for _, p := range permitted {
			if strings.Contains(text, p.words) {
				name = p.name
				break
			}
		}
		for _, w := range forbiddenWords {
			if strings.Contains(strings.ToUpper(text), strings.ToUpper(w)) && name == "" {
				t.Errorf("%s is under %q: it may not be linked", path, w)
			}
		}
		if name == "" {
			t.Errorf("%s: its licence is none of Apache-2.0, MIT, BSD, ISC, MPL-2.0", path)
		}
	}
}

func licenceText(dir string) string {
	var text strings.Builder
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "License*", "license*", "COPYING*"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, n := range names {
			if b, err := os.ReadFile(n); err == nil {
				text.Write(b)
			}
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}
