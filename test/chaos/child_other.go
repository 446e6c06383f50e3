//go:build unix && !linux

package main

import "syscall"

// childAttributes puts a child into a process group of its own, so that Ctrl-C reaches only this process.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func pinThread() {}
