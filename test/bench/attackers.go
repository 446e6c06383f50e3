package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/infin8content/engine/internal/caller"
)

// attackVariable has the target of a process of attackers.
const attackVariable = "INFIN8_BENCH_ATTACK"

// target is what attackers need: the address of the server, and two tokens of their organization. With Flood they make
// the fourth attack alone.
type target struct {
	Address, Admin, Viewer string
	Flood                  bool
}

// attackers are a running process of attackers. It ends when its standard input does.
type attackers struct {
	cmd   *exec.Cmd
	input io.Closer
	out   bytes.Buffer
}

// startAttackers runs this program again, with the lowest priority: only when no other process wants the processor,
// where there is chrt. With nice a process keeps it for a moment on newer kernels, though others wait.
func (b *bench) startAttackers(p *process, flood bool) (*attackers, error) {
	who := adminOf(organizationIDs, attacker)
	t := target{Address: p.address, Flood: flood}
	var err error
	if t.Admin, err = tokenFor(who); err != nil {
		return nil, err
	}
	who.Role = caller.Viewer
	if t.Viewer, err = tokenFor(who); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	a := &attackers{cmd: exec.Command("chrt", "-i", "0", self)}
	if a.cmd.Err != nil {
		a.cmd = exec.Command("nice", "-n", "19", self)
	}
	a.cmd.Env = append(os.Environ(), attackVariable+"="+string(text))
	a.cmd.Stdout, a.cmd.Stderr = &a.out, os.Stderr
	if a.input, err = a.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return a, a.cmd.Start()
}

// stop ends the attacks and returns what they achieved.
func (a *attackers) stop() (string, error) {
	err := errors.Join(a.input.Close(), a.cmd.Wait())
	return a.out.String(), err
}

// runAttackers attacks until the standard input ends, and prints what the attacks achieved.
func runAttackers(ctx context.Context, text string) error {
	var t target
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var a attack
	a.start(ctx, t)
	_, err := io.Copy(io.Discard, os.Stdin)
	stop()
	a.all.Wait()
	fmt.Printf("%d, %d; %d; %d, %d, %d, %d", a.opened.Load(), a.refused.Load(), a.cut.Load(), a.answered.Load(),
		a.limited.Load(), a.costly.Load(), a.late.Load())
	return err
}
