package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// orMeant is ": did you mean X?" if one of there is nearly said, and nothing else.
func orMeant(said string, there []string) string {
	best, least := "", 3 // so many letters wrong are a mistake, more are another word
	for _, t := range there {
		if d := letters(said, t); d < least && d*3 < len(t)+2 {
			best, least = t, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + best + "?"
}

// letters is how many letters must be put in, left out or replaced to make b of a.
func letters(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = corner
			} else {
				row[j+1] = 1 + min(corner, above, row[j])
			}
			corner = above
		}
	}
	return row[len(b)]
}

// flagFault says in words what pflag found.
func flagFault(c *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		})
		said := "--" + unknown.GetSpecifiedName()
		if meant := orMeant(said, names); meant != "" {
			return misuse{fmt.Errorf("unknown flag: %s%s", said, meant)}
		}
		return misuse{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
	}
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return misuse{fmt.Errorf("--%s: %w", bad.GetFlag().Name, valueFault(bad.GetFlag(), bad.GetValue(), bad.Unwrap()))}
	}
	return misuse{err}
}

// valueFault says what a flag wants instead of value, which err refused.
func valueFault(f *pflag.Flag, value string, err error) error {
	switch f.Value.Type() {
	case "bool":
		return fmt.Errorf("%q is neither true nor false", value)
	case "int":
		return fmt.Errorf("%q is not a whole number", value)
	case "duration":
		return fmt.Errorf("%q is not a duration such as 30s or 5m", value)
	}
	return err
}

// unknownCommand is about a word that no command of c is called.
func unknownCommand(c *cobra.Command, word string) error {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	meant := orMeant(word, names)
	if meant == "" {
		meant = ": see " + c.CommandPath() + " --help"
	}
	return misuse{fmt.Errorf("unknown command %q%s", word, meant)}
}

// newHelp is cobra's own, which takes any word for well asked.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]…", Short: "Say more about a command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(c, append(rest, args...)[0])
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// unknownKey is what the YAML decoder says of a key that no setting has.
var unknownKey = regexp.MustCompile(`^line (\d+): field (\S+) not found in type `)

// fileFault has the decoder's words about unknown keys in ours.
func fileFault(err error) error {
	faults, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return err
	}
	var keys []string
	for _, s := range settings {
		keys = append(keys, strings.SplitN(s.name, ".", 2)...)
	}
	keys = append(keys, "limits", "accounts", "identity-providers", "forward-topics")
	said := slices.Clone(faults.Errors)
	for i, e := range said {
		if m := unknownKey.FindStringSubmatch(e); m != nil {
			said[i] = fmt.Sprintf("line %s: there is no setting %q here%s", m[1], m[2], orMeant(m[2], keys))
		}
	}
	return errors.New(strings.Join(said, "; "))
}

// notSettings are variables with our prefix that are read elsewhere.
var notSettings = []string{"HEARTH_ROOT_ACCESS_KEY_ID", "HEARTH_ROOT_SECRET_ACCESS_KEY", "HEARTH_CONFIG_FILE", "HEARTH_PEERS"}

// warnVariables tells of variables that look like settings and are none: whoever set
// them believes that they count.
func warnVariables(log *slog.Logger) {
	known := slices.Clone(notSettings)
	for _, s := range settings {
		known = append(known, variable(s.name))
	}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "HEARTH_") && !slices.Contains(known, name) && !ofCluster(name) {
			log.Warn("no setting has this variable"+orMeant(name, known), "variable", name)
		}
	}
}

// ofCluster tells whether a variable is one that Kubernetes gives every pod beside a
// service called hearth.
func ofCluster(name string) bool {
	return strings.HasPrefix(name, "HEARTH_SERVICE_") || strings.HasPrefix(name, "HEARTH_PORT")
}
