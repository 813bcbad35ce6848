package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/ledger"
)

func newWhyDelivery() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delivery ID",
		Short: "Explain what became of a message: each attempt, its answer, and what was sent",
		Long: `Ask a running Hearth what its ledger has about a delivery. ID is the MessageId
that aws sns publish answers, or the id of a notification. Endpoint and keys are
found as by hearth why.`,
		Args: exactly(1, "one ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			t, err := whyTarget(cmd.Context(), &c)
			if err != nil {
				return err
			}
			events, err := eventsOf(cmd.Context(), t, args[0])
			if err != nil {
				return err
			}
			if len(events) == 0 {
				return fmt.Errorf("the ledger has nothing about delivery %s: no message has this id, or its lines are gone", args[0])
			}
			_, err = io.WriteString(cmd.OutOrStdout(), ledger.Explain(events))
			return err
		},
	}
	addFlags(cmd, defaultConfig())
	return cmd
}
