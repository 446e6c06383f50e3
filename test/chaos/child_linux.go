package main

import (
	"runtime"
	"syscall"
)

// childAttributes put a child into a group of its own, so that a Ctrl-C is ours to answer, and have the kernel end it
// when we are gone, however we went.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// pinThread keeps the calling goroutine on its thread, and the thread alive with it.
func pinThread() { runtime.LockOSThread() }
