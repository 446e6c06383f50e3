package cli

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// progressPause is the time between two drawings.
	progressPause = 200 * time.Millisecond
	// progressWidth is the longest line, so that a narrow terminal does not wrap it.
	progressWidth = 76
	barWidth      = 24
)

// progress draws one line about long work, with its time. It draws on a terminal only; elsewhere it does nothing.
type progress struct {
	output     *os.File // nil draws nothing
	began      time.Time
	mu         sync.Mutex
	what       string
	done, all  int64
	stop, idle chan struct{}
}

// begin starts to draw. The caller must call end before anything else is printed.
func (o output) begin(what string) *progress {
	file, ok := o.stderr.(*os.File)
	if o.Quiet || !ok || !term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	p := &progress{
		output: file,
		began:  time.Now(),
		what:   what,
		stop:   make(chan struct{}),
		idle:   make(chan struct{}),
	}
	go p.run()
	return p
}

// beginBeside is begin for a command that prints its result meanwhile: it draws nothing if the result goes to a
// terminal, too.
func (o output) beginBeside(what string) *progress {
	if file, ok := o.stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	return o.begin(what)
}

// set says what is done and how much of it; all is 0 when it is unknown.
func (p *progress) set(what string, done, all int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.done, p.all = what, done, all
}

// end removes the line.
func (p *progress) end() {
	if p.output == nil {
		return
	}
	close(p.stop)
	<-p.idle
}

func (p *progress) run() {
	defer close(p.idle)
	ticks := time.NewTicker(progressPause)
	defer ticks.Stop()
	for {
		fmt.Fprint(p.output, "\r\x1b[K"+p.line(time.Since(p.began)))
		select {
		case <-p.stop:
			fmt.Fprint(p.output, "\r\x1b[K")
			return
		case <-ticks.C:
		}
	}
}

// line returns the line after a time.
func (p *progress) line(took time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	bar := ""
	if p.all > 0 {
		full := int(min(p.done, p.all) * barWidth / p.all)
		bar = fmt.Sprintf(" [%s%s] %d %%", strings.Repeat("#", full), strings.Repeat(".", barWidth-full),
			min(p.done, p.all)*100/p.all)
	}
	end := fmt.Sprintf("%s %d s", bar, int(took.Seconds()))
	what := []rune(p.what)
	return string(what[:min(len(what), progressWidth-len(end))]) + end
}
