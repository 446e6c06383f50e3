//go:build profile

package cli

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// A program that is built with the tag profile writes a profile of its processor time into the file INFIN8_PROFILE,
// from the first SIGUSR1 to the second.
func init() {
	name := os.Getenv("INFIN8_PROFILE")
	if name == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		<-asked
		file, err := os.Create(name + ".part")
		if err != nil || pprof.StartCPUProfile(file) != nil {
			return
		}
		<-asked
		pprof.StopCPUProfile()
		_ = file.Close()
		_ = os.Rename(file.Name(), name)
	}()
}
