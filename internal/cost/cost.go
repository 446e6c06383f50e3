// Package cost knows about money: amounts in picodollars, prices, the most that a call can cost, months, the states of
// a call and the shape of a ledger entry. It is pure: values go in, values or an error come out. It refuses to read a
// clock, to keep a balance, to spend anything and to round an amount that it was not told how to round; engine acts,
// postgres keeps.
package cost
