package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// A slip of the keyboard is answered with what was meant; what resembles nothing with
// where to look.
func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"serve --storge.path=x", "hearth: unknown flag: --storge.path: did you mean --storage.path?\n"},
		{"serve --colour=x", "hearth: unknown flag: --colour: see hearth serve --help\n"},
		{"serve -x", "hearth: unknown shorthand flag: 'x' in -x: see hearth serve --help\n"},
		{"serve --web.insecure=maybe", "hearth: --web.insecure: \"maybe\" is neither true nor false\n"},
		{"serve --engine.max-open=many", "hearth: --engine.max-open: \"many\" is not a whole number\n"},
		{"wait --timeout=soon", "hearth: --timeout: \"soon\" is not a duration such as 30s or 5m\n"},
		{"sevre", "hearth: unknown command \"sevre\": did you mean serve?\n"},
		{"kitchen", "hearth: unknown command \"kitchen\": see hearth --help\n"},
		{"help sevre", "hearth: unknown command \"sevre\": did you mean serve?\n"},
		{"help check rule", "hearth: unknown command \"rule\": did you mean rules?\n"},
		{"serve --web.listen-address=4750", "hearth: web.listen-address: \"4750\" is not host:port, such as 127.0.0.1:4750\n"},
	} {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), strings.Fields(c.line), &out, &errs); code != exitMisuse || errs.String() != c.want {
			t.Errorf("hearth %s: code %d, %q; want %d, %q", c.line, code, errs.String(), exitMisuse, c.want)
		}
	}
}

func TestHelpIsFound(t *testing.T) {
	for line, want := range map[string]string{"help check rules": "hearth check rules FILE", "help": "hearth [command]", "help serve": "--storage.path"} {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), strings.Fields(line), &out, &errs); code != exitFine || !strings.Contains(out.String(), want) {
			t.Errorf("hearth %s: code %d, %q, %q; want %q in it", line, code, out.String(), errs.String(), want)
		}
	}
}

func TestVariablesThatAreNoSettings(t *testing.T) {
	t.Setenv("HEARTH_STORGE_PATH", "x")
	t.Setenv("HEARTH_PORT_4750_TCP", "tcp://10.0.0.1:4750")
	t.Setenv("HEARTH_WEB_INSECURE", "true")
	var out bytes.Buffer
	warnVariables(slog.New(slog.NewTextHandler(&out, nil)))
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "did you mean HEARTH_STORAGE_PATH?") {
		t.Errorf("logged %q, want one line about HEARTH_STORGE_PATH", got)
	}
}
