//go:build !linux

package kube

import "syscall"

// endWithParent does nothing here: only Linux ends a program with its parent.
func endWithParent() *syscall.SysProcAttr { return nil }
