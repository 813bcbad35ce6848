package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

func newCheckRules() *cobra.Command {
	profile := string(hearth.Local)
	cmd := &cobra.Command{
		Use:   "rules FILE…",
		Short: "Check rules files as a rule groups namespace would",
		Args:  atLeastOne("FILE…"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p := hearth.Profile(profile)
			if p != hearth.Local && p != hearth.AWSStrict {
				return misuse{fmt.Errorf("--profile: %q is neither local nor aws-strict", profile)}
			}
			wrong := 0
			for _, path := range args {
				n, err := checkRules(cmd.OutOrStdout(), cmd.ErrOrStderr(), path, p)
				if err != nil {
					return err
				}
				wrong += n
			}
			if wrong > 0 {
				return fmt.Errorf("%s in %s", count(wrong, "fault"), count(len(args), "rules file"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&profile, "profile", profile, "local or aws-strict")
	return cmd
}

// checkRules tells the faults of one file as FILE:LINE: FAULT.
func checkRules(out, errs io.Writer, path string, p hearth.Profile) (faults int, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	file, found := rules.Parse(rules.Unwrap(data), p, hearth.LimitsOf(p))
	for _, f := range found {
		at := path
		if f.Line > 0 {
			at = fmt.Sprintf("%s:%d", path, f.Line)
		}
		fmt.Fprintf(errs, "%s: %s\n", at, f.Msg)
	}
	if len(found) > 0 {
		return len(found), nil
	}
	n := 0
	for _, g := range file.Groups {
		n += len(g.Rules)
	}
	fmt.Fprintf(out, "%s: fine: %s in %s\n", path, count(n, "rule"), count(len(file.Groups), "group"))
	return 0, nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func atLeastOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return misuse{fmt.Errorf("%s: want %s", c.CommandPath(), what)}
		}
		return nil
	}
}
