package memberlist

import (
	"container/list"
	"encoding/json"
	"io/ioutil"
	"log"
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

// callbacks keeps what the member reported.
type callbacks struct{ c []string }

func (r *callbacks) NotifyJoin(n *Node)        { r.c = append(r.c, "join:"+n.Name) }
func (r *callbacks) NotifyLeave(n *Node)       { r.c = append(r.c, "leave:"+n.Name) }
func (r *callbacks) NotifyUpdate(n *Node)      { r.c = append(r.c, "update:"+n.Name) }
func (r *callbacks) NotifyConflict(a, b *Node) { r.c = append(r.c, "conflict:"+a.Name) }

var quiet = log.New(ioutil.Discard, "", 0)

// bare is a member without goroutines, timers and sockets: the test calls what these would.
func bare(conf *Config, d *callbacks) *Memberlist {
	conf.Events = d
	conf.Conflict = d
	conf.Logger = quiet
	m := &Memberlist{config: conf, shutdownCh: make(chan struct{}), leaveBroadcast: make(chan struct{}, 1), handoffCh: make(chan struct{}, 1),
		highPriorityMsgQueue: list.New(), lowPriorityMsgQueue: list.New(), nodeMap: map[string]*nodeState{}, nodeTimers: map[string]*suspicion{},
		awareness: newAwareness(8), ackHandlers: map[uint32]*ackHandler{}, broadcasts: &TransmitLimitedQueue{RetransmitMult: 4}, logger: quiet}
	m.broadcasts.NumNodes = func() int { return m.estNumNodes() }
	return m
}

// described gives kind, subject, incarnation, accuser and length of a message about a member.
func described(b []byte) []interface{} {
	switch messageType(b[0]) {
	case aliveMsg:
		var a alive
		decode(b[1:], &a)
		return []interface{}{"alive", a.Node, a.Incarnation, len(b)}
	case suspectMsg:
		var a suspect
		decode(b[1:], &a)
		return []interface{}{"suspect", a.Node, a.Incarnation, a.From, len(b)}
	case deadMsg:
		var a dead
		decode(b[1:], &a)
		return []interface{}{"dead", a.Node, a.Incarnation, a.From, len(b)}
	}
	return nil
}

// drain handles what a datagram left for the worker.
func drain(m *Memberlist) {
	for {
		g, ok := m.getNextMessage()
		if !ok {
			return
		}
		switch g.msgType {
		case suspectMsg:
			m.handleSuspect(g.buf, g.from)
		case aliveMsg:
			m.handleAlive(g.buf, g.from)
		case deadMsg:
			m.handleDead(g.buf, g.from)
		}
	}
}
