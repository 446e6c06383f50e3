package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// scripts ask the program itself for the words that can come next, so that they never age.
var scripts = map[string]string{
	"bash": `_engine() {
	local IFS=$'\n'
	COMPREPLY=($("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _engine engine
`,
	"zsh": `#compdef engine
_engine() {
	local -a found
	found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	compadd -a found || _files
}
compdef _engine engine
`,
	"fish": `function _engine
	set -l all (commandline -opc) (commandline -ct)
	engine complete -- $all[2..-1] 2>/dev/null
end
complete -c engine -f -a '(_engine)'
`,
}

// Run prints the script, which a shell reads with `source <(engine completion bash)`.
func (c *completionCommand) Run(p *program) error {
	_, err := fmt.Fprint(p.stdout, scripts[c.Shell])
	return err
}

type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"The words of the command line; the last one is unfinished."`
}

// Run prints one word in each line.
func (c *completeCommand) Run(p *program) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, word := range complete(p.model.Node, words) {
		fmt.Fprintln(p.stdout, word)
	}
	return nil
}

// complete returns the words that can stand in the place of the last one.
func complete(node *kong.Node, words []string) (found []string) {
	last := ""
	if len(words) > 0 {
		words, last = words[:len(words)-1], words[len(words)-1]
	}
	for _, word := range words {
		for _, child := range node.Children {
			if child.Name == word || slices.Contains(child.Aliases, word) {
				node = child
				break
			}
		}
	}
	if name, value, isValue := strings.Cut(last, "="); isValue {
		return values(node, name, value)
	}
	if strings.HasPrefix(last, "-") {
		return flagWords(node, last)
	}
	for _, child := range node.Children {
		if !child.Hidden && strings.HasPrefix(child.Name, last) {
			found = append(found, child.Name)
		}
	}
	for _, argument := range node.Positional {
		found = append(found, startingWith(argument.EnumSlice(), last)...)
	}
	return found
}

// flagWords returns the flags of a command that begin with a text.
func flagWords(node *kong.Node, prefix string) (found []string) {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			name := "--" + flag.Name
			if !flag.IsBool() {
				name += "="
			}
			if strings.HasPrefix(name, prefix) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// values returns the values of a flag with a closed list.
func values(node *kong.Node, name, prefix string) []string {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			if "--"+flag.Name == name {
				return startingWith(flag.EnumSlice(), prefix)
			}
		}
	}
	return nil
}

func startingWith(all []string, prefix string) (found []string) {
	for _, one := range all {
		if one != "" && strings.HasPrefix(one, prefix) {
			found = append(found, one)
		}
	}
	return found
}
