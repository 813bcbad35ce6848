package kube

import "syscall"

// endWithParent has the kernel end a program when the test's process dies, also
// by a time-out or a kill, after which no clean-up runs.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
