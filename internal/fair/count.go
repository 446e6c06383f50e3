package fair

import "sync"

// Count limits how many things of one key are open at once, such as websockets of an organization. None waits.
type Count[Key comparable] struct {
	most int

	mu      sync.Mutex
	open    map[Key]int
	all     int
	refused int64
}

// NewCount returns a count of at most most things for each key; 0 is no limit.
func NewCount[Key comparable](most int) *Count[Key] {
	return &Count[Key]{most: most, open: map[Key]int{}}
}

// Add counts one more thing until done is called. It returns false when the key has as many as it may have.
func (c *Count[Key]) Add(key Key) (done func(), ok bool) { return c.AddMany(key, 1) }

// AddMany is Add for several things at once, such as the bytes of a body.
func (c *Count[Key]) AddMany(key Key, n int) (done func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 && c.open[key]+n > c.most {
		c.refused++
		return nil, false
	}
	c.open[key] += n
	c.all += n
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all -= n
		if c.open[key] -= n; c.open[key] == 0 {
			delete(c.open, key)
		}
	}), true
}

// Figures returns how many things are open, and how many were refused since the beginning.
func (c *Count[Key]) Figures() Figures {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Figures{Running: c.all, Refused: c.refused}
}
