package memberlist

import (
	"errors"
	"fmt"
	"math/rand"
	"net"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// Several whole members on one scripted network. A packet is handled at once, within the call that sends it; which
// pairs of members reach each other by UDP and TCP is drawn anew for each step. Every packet and stream is written
// down in order, with the choices that the library draws from its own generator.

const (
	members   = 5
	period    = 100 * time.Millisecond // of probes, and their longest round at health 0
	ackWait   = 30 * time.Millisecond
	nackWait  = 12 * time.Millisecond // nacks that come within it are handled in the order of their senders
	mostLate  = 8 * time.Millisecond  // a step with a longer pause of the machine is repeated from the start
	stepCount = 60
)

type lateNack struct {
	from, to int
	b        []byte
}

type cluster struct {
	mu       sync.Mutex
	m        []*Memberlist
	calls    []*callbacks
	udp, tcp [members][members]bool
	frozen   [members]bool
	trace    []interface{}
	nacks    []lateNack
	served   sync.WaitGroup
}

func memberName(i int) string  { return string(rune('a' + i)) }
func memberAddr(i int) net.IP  { return net.IP{10, 0, 0, byte(1 + i)} }
func memberAt(addr string) int { return int(addr[len("10.0.0.")] - '1') }
func endpoint(i int) net.Addr  { return &net.UDPAddr{IP: memberAddr(i), Port: 7946} }

// line is one member's side of the network.
type line struct {
	c    *cluster
	self int
}

func (l *line) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return memberAddr(l.self), 7946, nil
}
func (l *line) PacketCh() <-chan *Packet                               { return nil }
func (l *line) StreamCh() <-chan net.Conn                              { return nil }
func (l *line) Shutdown() error                                        { return nil }
func (l *line) IngestPacket(net.Conn, net.Addr, time.Time, bool) error { return nil }
func (l *line) IngestStream(net.Conn) error                            { return nil }
func (l *line) WriteTo(b []byte, addr string) (time.Time, error) {
	return l.WriteToAddress(b, Address{Addr: addr})
}
func (l *line) DialTimeout(addr string, d time.Duration) (net.Conn, error) {
	return l.DialAddressTimeout(Address{Addr: addr}, d)
}

func partsOf(b []byte) [][]byte {
	if messageType(b[0]) == hasCrcMsg {
		b = b[5:]
	}
	if messageType(b[0]) == compoundMsg {
		_, parts, _ := decodeCompoundMessage(b[1:])
		return parts
	}
	return [][]byte{b}
}

func part(b []byte) []interface{} {
	switch messageType(b[0]) {
	case pingMsg:
		var p ping
		decode(b[1:], &p)
		return []interface{}{"ping", p.SeqNo, p.Node}
	case indirectPingMsg:
		var p indirectPingReq
		decode(b[1:], &p)
		return []interface{}{"indirect", p.SeqNo, p.Node, p.Nack}
	case ackRespMsg:
		var a ackResp
		decode(b[1:], &a)
		return []interface{}{"ack", a.SeqNo}
	case nackRespMsg:
		var a nackResp
		decode(b[1:], &a)
		return []interface{}{"nack", a.SeqNo}
	}
	return described(b)
}

func (c *cluster) note(e ...interface{}) {
	c.mu.Lock()
	c.trace = append(c.trace, e)
	c.mu.Unlock()
}

func (c *cluster) deliver(from, to int, b []byte) {
	parts := []interface{}{}
	for _, p := range partsOf(b) {
		parts = append(parts, part(p))
	}
	c.note(memberName(from), memberName(to), len(b), parts)
	if !c.udp[from][to] || c.frozen[to] {
		return
	}
	c.m[to].ingestPacket(b, endpoint(from), time.Now())
	drain(c.m[to])
	c.stop(to)
}

// stop stops the timers of suspicions: the script lets them end.
func (c *cluster) stop(i int) {
	c.m[i].nodeLock.Lock()
	for _, s := range c.m[i].nodeTimers {
		s.timer.Stop()
	}
	c.m[i].nodeLock.Unlock()
}

func (l *line) WriteToAddress(b []byte, addr Address) (time.Time, error) {
	to := memberAt(addr.Addr)
	b = append([]byte{}, b...)
	if messageType(partsOf(b)[0][0]) != nackRespMsg {
		l.c.deliver(l.self, to, b)
		return time.Now(), nil
	}
	l.c.mu.Lock()
	l.c.nacks = append(l.c.nacks, lateNack{l.self, to, b})
	first := len(l.c.nacks) == 1
	l.c.mu.Unlock()
	if first {
		l.c.served.Add(1)
		go func() {
			defer l.c.served.Done()
			time.Sleep(nackWait)
			l.c.mu.Lock()
			late := l.c.nacks
			l.c.nacks = nil
			l.c.mu.Unlock()
			sort.Slice(late, func(i, j int) bool { return late[i].from < late[j].from })
			for _, n := range late {
				l.c.deliver(n.from, n.to, n.b)
			}
		}()
	}
	return time.Now(), nil
}

// counted counts what is written to a stream.
type counted struct {
	net.Conn
	n int
}

func (c *counted) Write(b []byte) (int, error) {
	c.n += len(b)
	return c.Conn.Write(b)
}

func (l *line) DialAddressTimeout(addr Address, d time.Duration) (net.Conn, error) {
	to := memberAt(addr.Addr)
	l.c.note("stream", memberName(l.self), memberName(to))
	if !l.c.tcp[l.self][to] || l.c.frozen[to] {
		return nil, errors.New("refused")
	}
	here, there := net.Pipe()
	l.c.served.Add(1)
	go func() {
		defer l.c.served.Done()
		answer := &counted{Conn: there}
		l.c.m[to].handleConn(answer)
		l.c.stop(to)
		l.c.note("answered", memberName(to), answer.n)
	}()
	return here, nil
}

func ring(m *Memberlist) string {
	o := ""
	for _, n := range m.nodes {
		o += n.Name
	}
	return o
}

func (c *cluster) state() []interface{} {
	o := []interface{}{}
	for i, m := range c.m {
		views := []string{}
		for x, s := range m.nodeMap {
			views = append(views, fmt.Sprintf("%s %d %d %d", x, s.State, s.Incarnation, len(s.Meta)))
		}
		sort.Strings(views)
		timers := []string{}
		for x, s := range m.nodeTimers {
			timers = append(timers, fmt.Sprintf("%s %d %d", x, s.n, s.k))
		}
		sort.Strings(timers)
		queue := []string{}
		for _, lb := range m.broadcasts.orderedView(false) {
			queue = append(queue, strings.TrimSpace(fmt.Sprintln(append(described(lb.b.Message()), lb.transmits)...)))
		}
		o = append(o, []interface{}{strings.Join(views, ","), strings.Join(timers, ","), strings.Join(queue, ","),
			m.incarnation, m.awareness.score, strings.Join(c.calls[i].c, ",")})
		c.calls[i].c = nil
	}
	return o
}

func (c *cluster) begin(rnd *rand.Rand) {
	for i := 0; i < members; i++ {
		conf := DefaultLANConfig()
		conf.Name = memberName(i)
		conf.ProbeInterval = period
		conf.ProbeTimeout = ackWait
		conf.GossipToTheDeadTime = time.Hour
		conf.EnableCompression = false
		conf.TCPTimeout = time.Minute
		calls := &callbacks{}
		m := bare(conf, calls)
		m.transport = &line{c, i}
		m.advertiseAddr, m.advertisePort = memberAddr(i), 7946
		c.m = append(c.m, m)
		c.calls = append(c.calls, calls)
		m.aliveNode(&alive{Incarnation: m.nextIncarnation(), Node: conf.Name, Addr: memberAddr(i), Port: 7946, Meta: metas[0], Vsn: versions[0]}, nil, true)
	}
}

// awaitFallback waits for the stream that a member opens beside its requests to helpers, and for their nacks: the
// probe may end before.
func (c *cluster) awaitFallback(me string) {
	asked, opened := false, false
	for !opened {
		c.mu.Lock()
		for _, e := range c.trace {
			line := e.([]interface{})
			if line[0] == "stream" && line[1] == me {
				opened = true
			}
			if parts, ok := line[len(line)-1].([]interface{}); ok && line[0] == me && parts[0].([]interface{})[0] == "indirect" {
				asked = true
			}
		}
		c.mu.Unlock()
		if !asked {
			return
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(ackWait + mostLate)
}

// draw says who reaches whom in the next step.
func (c *cluster) draw(rnd *rand.Rand) {
	bad := rnd.Intn(3) == 0
	for i := range c.udp {
		for j := range c.udp {
			c.udp[i][j] = !bad || rnd.Intn(3) > 0
			c.tcp[i][j] = !bad || rnd.Intn(2) > 0
		}
	}
}

// matrix writes who reaches whom as letters of 0 and 1, row by row.
func matrix(m [members][members]bool, frozen [members]bool) string {
	o := ""
	for i := range m {
		for j := range m {
			if m[i][j] && !frozen[j] {
				o += "1"
			} else {
				o += "0"
			}
		}
	}
	return o
}

func (c *cluster) step(rnd *rand.Rand, i int) M {
	me := rnd.Intn(members)
	for c.frozen[me] {
		me = rnd.Intn(members)
	}
	m := c.m[me]
	c.draw(rnd)
	kind := rnd.Intn(20)
	if i < members-1 { // they join one after another
		me, kind = i+1, 12
		m = c.m[me]
	}
	op := M{"by": memberName(me)}
	pushPull := func(to int, join bool) {
		op["to"], op["rings"] = memberName(to), []string{ring(m), ring(c.m[to])}
		m.pushPullNode(Address{Addr: fmt.Sprintf("10.0.0.%d:7946", to+1), Name: memberName(to)}, join)
	}
	switch {
	case kind < 6:
		op["op"] = "gossip"
		m.gossip()
	case kind < 11:
		op["op"] = "nop"
		at := rnd.Intn(len(m.nodes))
		for k := range m.nodes {
			n := m.nodes[(at+k)%len(m.nodes)]
			if n.Name != memberName(me) && !n.DeadOrLeft() {
				op["op"], op["to"] = "probe", n.Name
				m.probeIndex = (at + k) % len(m.nodes)
				m.probe()
				c.awaitFallback(memberName(me))
				break
			}
		}
	case kind == 11:
		op["op"] = "nop"
		for k := range rnd.Perm(members) {
			if s, ok := m.nodeMap[memberName(k)]; ok && k != me && s.State == StateAlive {
				op["op"] = "pushpull"
				pushPull(k, false)
				break
			}
		}
	case kind == 12:
		op["op"] = "join"
		to := rnd.Intn(members)
		if i < members-1 {
			to = 0
			c.tcp[me][0] = true
		}
		if to == me {
			op["op"] = "nop"
		} else {
			pushPull(to, true)
		}
	case kind < 15:
		op["op"] = "nop"
		names := []string{}
		for x := range m.nodeTimers {
			names = append(names, x)
		}
		sort.Strings(names)
		if len(names) > 0 {
			op["op"], op["to"] = "expire", names[0]
			m.nodeTimers[names[0]].timeoutFn()
		}
	case kind == 15:
		op["op"], op["meta"] = "update", rnd.Intn(2)
		m.aliveNode(&alive{Incarnation: m.nextIncarnation(), Node: memberName(me), Addr: memberAddr(me), Port: 7946, Meta: metas[op["meta"].(int)], Vsn: versions[0]}, nil, true)
	case kind == 16:
		op["op"] = "nop"
		who := rnd.Intn(members)
		held := 0
		for _, f := range c.frozen {
			if f {
				held++
			}
		}
		if c.frozen[who] || held < 2 {
			c.frozen[who] = !c.frozen[who]
		}
	case kind == 17 && rnd.Intn(6) == 0:
		op["op"] = "nop"
		if !m.hasLeft() {
			op["op"] = "leave"
			m.leave = 1
			m.deadNode(&dead{Incarnation: m.nodeMap[memberName(me)].Incarnation, Node: memberName(me), From: memberName(me)})
		}
	default:
		op["op"] = "gossip"
		m.gossip()
	}
	c.served.Wait()
	for k := range c.m {
		c.stop(k)
	}
	op["udp"], op["tcp"] = matrix(c.udp, c.frozen), matrix(c.tcp, c.frozen)
	op["trace"] = c.trace
	if c.trace == nil {
		op["trace"] = []interface{}{}
	}
	c.trace = nil
	op["s"] = c.state()
	return op
}

// watch gives the longest time by which this process came late to what it waited for.
func watch(stop chan bool) *time.Duration {
	worst := new(time.Duration)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			at := time.Now()
			time.Sleep(2 * time.Millisecond)
			if late := time.Since(at) - 2*time.Millisecond; late > *worst {
				*worst = late
			}
		}
	}()
	return worst
}

func lives(seed int) []M {
	for {
		rnd := rand.New(rand.NewSource(int64(seed)))
		stop := make(chan bool)
		late := watch(stop)
		c := &cluster{}
		c.begin(rnd)
		steps := []M{}
		for i := 0; i < stepCount && *late < mostLate; i++ {
			steps = append(steps, c.step(rnd, i))
		}
		close(stop)
		if *late < mostLate {
			return steps
		}
	}
}

func TestCluster(t *testing.T) {
	enc, end := begin(t)
	defer end()
	seeds(40, func(seed int) { enc.Encode(lives(seed)) })
}
