package memberlist

import (
	"math/rand"
	"net"
	"sort"
	"testing"
	"time"
)

var all = []string{"me", "p", "q", "r", "s"}

func addr(n string, alt int) []byte {
	for i, x := range all {
		if x == n {
			return []byte{10, 0, byte(alt), byte(1 + i)}
		}
	}
	return nil
}

var metas = [][]byte{{0xff, 0x80}, {0xff, 0x81, 0xa1, 'a', 0xa1, 'b'}}
var versions = [][]uint8{{1, 5, 2, 2, 5, 5}, {1, 4, 2, 2, 5, 5}, nil, {0, 5, 2, 2, 5, 5}, {3, 2, 2, 2, 5, 5}}

// stateful is a member whose messages come from a generator.
type stateful struct {
	*Memberlist
	rnd   *rand.Rand
	calls *callbacks
}

// known is a member's incarnation moved by -1 up to most - 2, at least 0.
func (m *stateful) known(name string, most int) int {
	var n uint32
	if s, ok := m.nodeMap[name]; ok {
		n = s.Incarnation
	}
	return int(n) + m.rnd.Intn(most) - 1
}

func least0(n int) int {
	if n < 0 {
		return 0
	}
	return n
}

// one is 1 in one of n cases, else 0.
func (m *stateful) one(n int) int {
	if m.rnd.Intn(n) == 0 {
		return 1
	}
	return 0
}

func (m *stateful) datagram(mi int) []interface{} {
	ps := []interface{}{}
	msgs := [][]byte{}
	for z := 1 + m.rnd.Intn(6); z > 0; z-- {
		x := all[m.rnd.Intn(len(all))]
		in := least0(m.known(x, 5))
		fr := all[m.rnd.Intn(len(all))]
		al := m.one(10)
		ty := m.rnd.Intn(3)
		ps = append(ps, []interface{}{ty, x, in, fr, al, mi})
		kind, msg := aliveMsg, interface{}(&alive{Incarnation: uint32(in), Node: x, Addr: addr(x, al), Port: 7946, Meta: metas[mi], Vsn: versions[0]})
		if ty == 1 {
			kind, msg = suspectMsg, &suspect{Incarnation: uint32(in), Node: x, From: fr}
		} else if ty == 2 {
			kind, msg = deadMsg, &dead{Incarnation: uint32(in), Node: x, From: fr}
		}
		b, _ := encode(kind, msg)
		msgs = append(msgs, b.Bytes())
	}
	m.handleCommand(makeCompoundMessage(msgs).Bytes(), &net.UDPAddr{}, time.Now())
	drain(m.Memberlist)
	return ps
}

func (m *stateful) merge(mi int) []interface{} {
	es := []interface{}{}
	ps := []pushNodeState{}
	for _, x := range all {
		if m.rnd.Intn(2) == 0 {
			in := least0(m.known(x, 4))
			st := m.rnd.Intn(4)
			al := m.one(10)
			es = append(es, []interface{}{x, in, st, al, mi})
			ps = append(ps, pushNodeState{Name: x, Addr: addr(x, al), Port: 7946, Meta: metas[mi], Incarnation: uint32(in), State: NodeStateType(st), Vsn: versions[0]})
		}
	}
	m.mergeState(ps)
	return es
}

func (m *stateful) expire(op M) {
	names := []string{}
	for x := range m.nodeTimers {
		names = append(names, x)
	}
	sort.Strings(names)
	if len(names) > 0 {
		op["n"] = names[0]
		m.nodeTimers[names[0]].timeoutFn()
	} else {
		op["op"] = "nop"
	}
}

func (m *stateful) fill(limit int) []interface{} {
	o := []interface{}{}
	for _, b := range m.getBroadcasts(2, limit) {
		o = append(o, described(b))
	}
	return o
}

// step does something and says what; datagrams: messages come in datagrams, not one by one.
func (m *stateful) step(datagrams bool) M {
	rnd := m.rnd
	n, from := all[rnd.Intn(len(all))], all[rnd.Intn(len(all))]
	inc := m.known(n, 4)
	if rnd.Intn(20) == 0 {
		inc += 5
	}
	inc = least0(inc)
	alt, mi, vi := m.one(8), m.one(5), 0
	if rnd.Intn(5) == 0 {
		vi = rnd.Intn(5)
	}
	op := M{"n": n, "inc": inc, "from": from, "alt": alt, "mi": mi, "vi": vi}
	switch k := rnd.Intn(20); {
	case k < 12 && datagrams:
		op["op"], op["ps"] = "packet", m.datagram(mi)
	case k < 6:
		op["op"] = "alive"
		m.aliveNode(&alive{Incarnation: uint32(inc), Node: n, Addr: addr(n, alt), Port: 7946, Meta: metas[mi], Vsn: versions[vi]}, nil, false)
	case k < 10:
		op["op"] = "suspect"
		m.suspectNode(&suspect{Incarnation: uint32(inc), Node: n, From: from})
	case k < 12:
		op["op"] = "dead"
		m.deadNode(&dead{Incarnation: uint32(inc), Node: n, From: from})
	case k < 14:
		op["op"], op["es"] = "merge", m.merge(mi)
	case k == 14:
		op["op"] = "update"
		m.aliveNode(&alive{Incarnation: m.nextIncarnation(), Node: "me", Addr: m.nodeMap["me"].Addr, Port: 7946, Meta: metas[mi], Vsn: versions[0]}, nil, true)
	case k == 15:
		op["op"] = "reset"
		time.Sleep(10 * time.Microsecond)
		m.resetNodes()
	case k == 16:
		op["op"] = "expire"
		m.expire(op)
	case k < 19:
		limit := 40 + rnd.Intn(200)
		op["op"], op["limit"], op["out"] = "get", limit, m.fill(limit)
	default:
		op["op"] = "nop"
		if rnd.Intn(12) == 0 {
			op["op"] = "leave"
			if !m.hasLeft() {
				m.leave = 1
				m.deadNode(&dead{Incarnation: m.nodeMap["me"].Incarnation, Node: "me", From: "me"})
			}
		}
	}
	return op
}

func (m *stateful) state() M {
	st := M{}
	for x, s := range m.nodeMap {
		st[x] = []interface{}{s.State, s.Incarnation, int(s.Addr[2]), len(s.Meta), []int{int(s.PMin), int(s.PMax), int(s.PCur)}}
	}
	tm := M{}
	for x, s := range m.nodeTimers {
		tm[x] = []interface{}{s.n, s.k}
	}
	q := []interface{}{}
	for _, lb := range m.broadcasts.orderedView(false) {
		q = append(q, append(described(lb.b.Message()), lb.transmits))
	}
	cs := append([]string{}, m.calls.c...)
	return M{"st": st, "tm": tm, "q": q, "inc": m.incarnation, "aw": m.awareness.score, "nn": m.numNodes, "len": len(m.nodes), "calls": cs, "any": m.anyAlive(), "num": m.NumMembers()}
}

func sequence(seed int, datagrams bool) []M {
	conf := DefaultLANConfig()
	conf.Name = "me"
	conf.ProbeInterval = time.Hour
	conf.GossipToTheDeadTime = 0
	if seed%2 == 1 {
		conf.DeadNodeReclaimTime = 1
	}
	calls := &callbacks{}
	m := &stateful{bare(conf, calls), rand.New(rand.NewSource(int64(seed))), calls}
	m.aliveNode(&alive{Incarnation: m.nextIncarnation(), Node: "me", Addr: addr("me", 0), Port: 7946, Meta: metas[0], Vsn: versions[0]}, nil, true)
	steps := []M{}
	for i := 0; i < 80; i++ {
		calls.c = nil
		op := m.step(datagrams)
		op["s"] = m.state()
		steps = append(steps, op)
	}
	return steps
}

func TestState(t *testing.T) {
	enc, end := begin(t)
	defer end()
	seeds(600, func(seed int) { enc.Encode(sequence(seed, false)) })
}

func TestDatagrams(t *testing.T) {
	enc, end := begin(t)
	defer end()
	seeds(500, func(seed int) { enc.Encode(sequence(seed, true)) })
}
