package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a file without a running Hearth",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{fmt.Errorf("hearth check: say what to check: config FILE, rules FILE…, alertmanager FILE, cloudwatch FILE, dashboard FILE…, scrape FILE or backup FILE")}
			}
			return misuse{fmt.Errorf("hearth check: %q cannot be checked: config, rules, alertmanager, cloudwatch, dashboard, scrape and backup can", args[0])}
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "config FILE",
		Short: "Check a configuration file",
		Args:  exactly(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := defaultConfig()
			if err := c.readFile(args[0]); err != nil {
				return err
			}
			if err := c.check(); err != nil {
				return fmt.Errorf("configuration file %s: %w", args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: fine\n", args[0])
			return nil
		},
	})
	cmd.AddCommand(newCheckRules(), newCheckAlertmanager(), newCheckCloudWatch(), newCheckScrape(), newCheckDashboard(), newCheckBackup())
	return cmd
}
