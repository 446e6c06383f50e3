package main

import (
	"runtime"
	"syscall"
)

// childAttributes puts a child into a process group of its own, so that Ctrl-C reaches only this process. The kernel
// kills the child when this process ends, even by a crash.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// pinThread binds the calling goroutine to its thread, and keeps the thread alive.
func pinThread() { runtime.LockOSThread() }
