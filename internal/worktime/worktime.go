// Package worktime measures how much processor time a piece of work takes. Tests that bound the work of a function use
// it, because other programs on the machine do not change it. It refuses nothing.
package worktime
