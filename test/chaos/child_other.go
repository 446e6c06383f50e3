//go:build unix && !linux

package main

import "syscall"

// childAttributes put a child into a group of its own, so that a Ctrl-C is ours to answer.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func pinThread() {}
