package content

import (
	"hash/fnv"
	"math/bits"
	"strings"
)

// shingle is the number of neighbouring words that count as one feature.
const shingle = 3

// nearDuplicate is the greatest number of different bits of two texts that are nearly the same. [estimate]
const nearDuplicate = 3

// Simhash returns a fingerprint of 64 bits: texts that share most of their phrases differ in few bits.
func Simhash(text string) uint64 {
	var balance [64]int
	for _, phrase := range shingles(Words(text), shingle) {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(phrase)) // A hash takes everything.
		sum := hash.Sum64()
		for bit := range balance {
			if sum&(1<<bit) != 0 {
				balance[bit]++
			} else {
				balance[bit]--
			}
		}
	}
	var fingerprint uint64
	for bit, weight := range balance {
		if weight > 0 {
			fingerprint |= 1 << bit
		}
	}
	return fingerprint
}

// NearDuplicate reports whether two fingerprints are of nearly the same text. The fingerprint 0 is of a text without
// words, and is near to none.
func NearDuplicate(a, b uint64) bool {
	return a != 0 && b != 0 && bits.OnesCount64(a^b) <= nearDuplicate
}

// shingles returns all runs of n words. A shorter text is one run.
func shingles(words []string, n int) []string {
	if len(words) == 0 {
		return nil
	}
	if len(words) < n {
		return []string{strings.Join(words, " ")}
	}
	all := make([]string, 0, len(words)-n+1)
	for i := range len(words) - n + 1 {
		all = append(all, strings.Join(words[i:i+n], " "))
	}
	return all
}
