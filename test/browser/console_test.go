package main

import "testing"

// TestConsole runs web/test/console.mjs: what people do in the console, on a Hearth
// that has what the seeds' readers make in a terminal.
func TestConsole(t *testing.T) {
	t.Parallel()
	out := browse(t, "console.mjs")
	checkCommands(t, shared.of(t).program, commandsOf(out))
}
