// Package content has the rules for keywords and texts: how they are normalised, compared and grouped. Every function
// maps values to values, and the same input gives the same output byte for byte. The package refuses to read a clock,
// to use a context and to do I/O.
package content
