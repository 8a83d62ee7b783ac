package windrow

import (
	"testing"
	"time"
)

func TestPausesDoubleToTheLongest(t *testing.T) {
	pauses := newPauses(firstPause, longestPause)
	for _, longest := range []time.Duration{100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000} {
		longest *= time.Millisecond
		if pause := pauses.next(); pause < longest/2 || pause > longest {
			t.Errorf("%v is not between %v and %v", pause, longest/2, longest)
		}
	}
}

func TestPausesBeginAnew(t *testing.T) {
	pauses := newPauses(firstPause, longestPause)
	for i := 0; i < 5; i++ {
		pauses.next()
	}
	pauses.reset()
	if pause := pauses.next(); pause > firstPause {
		t.Errorf("%v is longer than %v", pause, firstPause)
	}
}

func TestReadersDoNotComeBackTogether(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := 0; i < 20; i++ {
		seen[newPauses(firstPause, longestPause).next()] = true
	}
	if len(seen) == 1 {
		t.Error("all pauses are the same")
	}
}
