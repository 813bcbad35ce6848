package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// terraformProviders is where the AWS provider lies on machines that have no way to
// Terraform's registry.
const terraformProviders = "/opt/tf-plugins"

// terraformThere tells why the journey with Terraform cannot be walked; nil if it can.
func terraformThere() error {
	if _, err := os.Stat(terraformProviders); err != nil {
		return err
	}
	_, err := exec.LookPath("terraform")
	return err
}

// terraform runs the real terraform with the unmodified AWS provider.
func terraform(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(ts.Getenv("WORK"), "terraformrc"))
	ts.Setenv("CHECKPOINT_DISABLE", "1") // ask nobody for newer versions
	err := ts.Exec("terraform", args...)
	if (err == nil) == neg {
		ts.Fatalf("terraform %s: %v", strings.Join(args, " "), err)
	}
}
