package windrow

import (
	"math/rand"
	"time"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// pauses are waited for before new tries. They double from first to longest, each shortened at random by up
// to half: so that readers whom the same break has ended do not all come back at once.
type pauses struct {
	first, longest, now time.Duration
}

func newPauses(first, longest time.Duration) *pauses {
	return &pauses{first: first, longest: longest, now: first}
}

// next returns how long to wait now; the pause after it is longer.
func (p *pauses) next() time.Duration {
	pause := time.Duration(float64(p.now) * (0.5 + rand.Float64()/2))
	p.now *= 2
	if p.now > p.longest {
		p.now = p.longest
	}
	return pause
}

// reset is called after a success: the next pause is the first again.
func (p *pauses) reset() { p.now = p.first }
