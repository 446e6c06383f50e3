package worktime

import (
	"runtime"
	"syscall"
	"time"
)

// thread asks for the usage of the calling thread: RUSAGE_THREAD, which package syscall does not name.
const thread = 1

// Of returns the processor time of the thread that does the work. Goroutines that the work starts do not count.
func Of(work func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := used()
	work()
	return used() - began
}

func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		panic(err) // The kernel has it since version 2.6.26.
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
