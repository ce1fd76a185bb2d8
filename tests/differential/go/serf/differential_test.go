package serf

import (
	"encoding/json"
	"math/rand"
	"os"
	"strconv"
	"testing"
)

// Every test here writes vectors to the file OUT, one line each: of SEEDS seeds from FIRST on.

type M map[string]interface{}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// begin opens OUT, or skips the test where none is named. seeds calls f for each.
func begin(t *testing.T) (*json.Encoder, func()) {
	if os.Getenv("OUT") == "" {
		t.Skip("OUT names no file")
	}
	out, err := os.Create(os.Getenv("OUT"))
	if err != nil {
		t.Fatal(err)
	}
	return json.NewEncoder(out), func() { out.Close() }
}

func seeds(otherwise int, f func(seed int)) {
	first := number("FIRST", 0)
	for seed := first; seed < first+number("SEEDS", otherwise); seed++ {
		f(seed)
	}
}

// source is the generator of tests whose vectors are single steps.
func source(seed int) *rand.Rand { return rand.New(rand.NewSource(int64(seed + number("FIRST", 0)))) }
