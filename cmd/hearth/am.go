package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
)

// newAM is what can be asked of an alert manager definition before it matters.
func newAM() *cobra.Command {
	cmd := &cobra.Command{Use: "am", Short: "Try an alert manager definition without a running Hearth"}
	routes := &cobra.Command{Use: "routes", Short: "Ask where alerts go"}
	routes.AddCommand(newRoutesTest())
	cmd.AddCommand(routes, newRender())
	return cmd
}

func newCheckAlertmanager() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "alertmanager FILE",
		Short: "Check an alert manager definition",
		Args:  exactly(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := readDefinition(args[0], profile)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: fine: %s, %s\n", args[0], count(len(d.Config.Receivers), "receiver"), count(len(d.Templates), "template"))
			return nil
		},
	}
	addProfile(cmd, &profile)
	return cmd
}

func addProfile(cmd *cobra.Command, profile *string) {
	cmd.Flags().StringVar(profile, "profile", string(hearth.Local), "what is allowed: local, or aws-strict for what AWS allows")
}

// readDefinition reads a file, telling every fault with its line.
func readDefinition(path, profile string) (*alerting.Definition, error) {
	if p := hearth.Profile(profile); p != hearth.Local && p != hearth.AWSStrict {
		return nil, misuse{fmt.Errorf("--profile: %q is none of local, aws-strict", profile)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, misuse{err}
	}
	d, faults := alerting.Parse(alerting.Unwrap(data), hearth.Profile(profile))
	if len(faults) == 0 {
		return d, nil
	}
	var b strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&b, "\n  %s", f)
	}
	return nil, fmt.Errorf("%s is not a valid alert manager definition:%s", path, b.String())
}

func newRoutesTest() *cobra.Command {
	var profile, verify string
	cmd := &cobra.Command{
		Use:   "test FILE LABEL=VALUE…",
		Short: "Tell which receivers get an alert with these labels, and what it waits for",
		Args:  someLabels,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := readDefinition(args[0], profile)
			if err != nil {
				return err
			}
			labels, err := pairs(args[1:])
			if err != nil {
				return err
			}
			ways := d.Ways(labels)
			printWays(cmd.OutOrStdout(), ways)
			return verified(ways, verify)
		},
	}
	addProfile(cmd, &profile)
	cmd.Flags().StringVar(&verify, "verify.receivers", "", "comma-separated receivers to expect, in order; others are an error")
	return cmd
}

func someLabels(c *cobra.Command, args []string) error {
	if len(args) < 2 {
		return misuse{fmt.Errorf("%s: want FILE and at least one LABEL=VALUE", c.CommandPath())}
	}
	return nil
}

func pairs(args []string) (map[string]string, error) {
	out := map[string]string{}
	for _, a := range args {
		k, v, ok := strings.Cut(a, "=")
		if !ok || k == "" {
			return nil, misuse{fmt.Errorf("%q is not LABEL=VALUE", a)}
		}
		out[k] = v
	}
	return out, nil
}

func printWays(out io.Writer, ways []alerting.Way) {
	for _, w := range ways {
		fmt.Fprintf(out, "%s\n  route            %s\n  group            %s\n", w.Receiver, w.Route, w.Group)
		fmt.Fprintf(out, "  first after      %s\n  changes after    %s\n  repeats after    %s\n", w.GroupWait, w.GroupInterval, w.RepeatInterval)
		if len(w.Mute) > 0 {
			fmt.Fprintf(out, "  muted during     %s\n", strings.Join(w.Mute, ", "))
		}
		if len(w.Active) > 0 {
			fmt.Fprintf(out, "  only during      %s\n", strings.Join(w.Active, ", "))
		}
	}
}

func verified(ways []alerting.Way, want string) error {
	if want == "" {
		return nil
	}
	var have []string
	for _, w := range ways {
		have = append(have, w.Receiver)
	}
	if !slices.Equal(have, strings.Split(want, ",")) {
		return fmt.Errorf("the receivers are %s, not %s", strings.Join(have, ","), want)
	}
	return nil
}

func newRender() *cobra.Command {
	var profile, receiver string
	var annotations []string
	var resolved bool
	cmd := &cobra.Command{
		Use:   "render FILE LABEL=VALUE…",
		Short: "Show what would be sent for an alert with these labels",
		Args:  someLabels,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := readDefinition(args[0], profile)
			if err != nil {
				return err
			}
			labels, err := pairs(args[1:])
			if err != nil {
				return err
			}
			texts, err := pairs(annotations)
			if err != nil {
				return err
			}
			example := alerting.Example{Labels: labels, Annotations: texts, Resolved: resolved}
			return render(cmd.OutOrStdout(), d, receiver, example)
		},
	}
	addProfile(cmd, &profile)
	cmd.Flags().StringVar(&receiver, "receiver", "", "the receiver; those the routes lead to if not given")
	cmd.Flags().StringArrayVar(&annotations, "annotation", nil, "an annotation NAME=TEXT of the alert; may be given again")
	cmd.Flags().BoolVar(&resolved, "resolved", false, "the alert has ended")
	return cmd
}

// render prints what each integration would send. A template that fails is an
// error once all were tried.
func render(out io.Writer, d *alerting.Definition, receiver string, x alerting.Example) error {
	receivers := []string{receiver}
	if receiver == "" {
		receivers = nil
		for _, w := range d.Ways(x.Labels) {
			receivers = append(receivers, w.Receiver)
		}
	}
	var failed bytes.Buffer
	c := defaultConfig()
	for _, name := range receivers {
		previews, err := d.Render(name, c.externalURL(c.Web.ListenAddress), []alerting.Example{x})
		if err != nil {
			return err
		}
		if len(previews) == 0 {
			fmt.Fprintf(out, "# %s has no integrations: it tells nobody\n", name)
		}
		for _, p := range previews {
			fmt.Fprintf(out, "# %s %s\n%s\n", p.Receiver, p.Integration, strings.TrimRight(p.Text, "\n"))
			if p.Err != nil {
				fmt.Fprintf(&failed, "\n  %v", p.Err)
			}
		}
	}
	if failed.Len() > 0 {
		return fmt.Errorf("templates failed:%s", failed.String())
	}
	return nil
}
