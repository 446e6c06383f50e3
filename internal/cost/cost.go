// Package cost has the rules of money: amounts in picodollars, prices, the most that a call can cost, months, the
// states of a call and the form of a ledger entry. It is pure: it takes values and returns values or an error. It reads
// no clock, stores no balance and spends nothing; package engine spends and package postgres stores.
package cost
