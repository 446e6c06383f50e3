package main

import "fmt"

// versions compares the server with the one of another binary, turn by turn: what a change has gained.
func (b *bench) versions() error {
	programs := [2]string{b.server, b.options.against}
	defer func() { b.server = programs[0] }()
	var servers [2]*process
	for i, program := range programs {
		b.server = program
		p, err := b.serve("--workers=false")
		if err != nil {
			return err
		}
		defer p.stop()
		servers[i] = p
	}
	var moved, listed [2]series
	for range b.rounds {
		for i, p := range servers {
			before := p.processor()
			_, took, err := b.throughHTTP(p, 32, b.slice)
			if err != nil {
				return err
			}
			moved[i] = append(moved[i], float64((p.processor()-before).Microseconds())/float64(len(took)))
			l, err := b.listTurn(p)
			if err != nil {
				return err
			}
			listed[i] = append(listed[i], l.server)
		}
	}
	for what, f := range map[string][2]series{"transition": moved, "list": listed} {
		b.table.add(row{
			what: fmt.Sprintf("processor time of the server for a %s, µs", what), found: f[0].String(),
			against: "the other: " + f[1].String(), ratio: ratios(f[0], f[1]).String(),
		})
	}
	return nil
}
