package memberlist

import (
	"errors"
	"log"
	"math/rand"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

type helperS struct{ Ack, Nack int }
type roundS struct {
	Direct  int
	Helpers [3]helperS
	Tcp     string
	Delay   int
}
type evt struct {
	T float64
	E string
	A int
}
type mockT struct {
	mu     sync.Mutex
	t0     time.Time
	pch    chan *Packet
	sch    chan net.Conn
	rounds []roundS
	cur    int
	seq    uint32
	ind    int
	ev     []evt
	m      *Memberlist
	stop   bool
}

const U = time.Millisecond

func (t *mockT) add(e string, a int) {
	if !t.stop {
		t.ev = append(t.ev, evt{float64(time.Since(t.t0).Microseconds()) / 1000, e, a})
	}
}
func (t *mockT) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IP{10, 0, 0, 1}, 7946, nil
}
func (t *mockT) PacketCh() <-chan *Packet  { return t.pch }
func (t *mockT) StreamCh() <-chan net.Conn { return t.sch }
func (t *mockT) Shutdown() error           { return nil }
func (t *mockT) inject(d int, ty messageType, msg interface{}) {
	b, _ := encode(ty, msg)
	time.AfterFunc(time.Duration(d)*U, func() {
		t.pch <- &Packet{Buf: b.Bytes(), From: &net.UDPAddr{IP: net.IP{10, 0, 0, 9}, Port: 1}, Timestamp: time.Now()}
	})
}
func (t *mockT) WriteTo(b []byte, a string) (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b[0] == byte(hasCrcMsg) {
		b = b[5:]
	}
	parts := [][]byte{b}
	if b[0] == byte(compoundMsg) {
		_, parts, _ = decodeCompoundMessage(b[1:])
	}
	for _, p := range parts {
		switch messageType(p[0]) {
		case pingMsg:
			var pg ping
			decode(p[1:], &pg)
			t.cur++
			t.seq = pg.SeqNo
			t.ind = 0
			t.add("ping", t.m.awareness.GetHealthScore())
			if t.cur < len(t.rounds) {
				if d := t.rounds[t.cur].Direct; d >= 0 {
					t.inject(d, ackRespMsg, &ackResp{pg.SeqNo, nil})
				}
			} else {
				t.stop = true
			}
		case indirectPingMsg:
			var pg indirectPingReq
			decode(p[1:], &pg)
			t.add("ind", t.ind)
			if t.cur < len(t.rounds) {
				h := t.rounds[t.cur].Helpers[t.ind]
				if h.Ack >= 0 {
					t.inject(h.Ack, ackRespMsg, &ackResp{pg.SeqNo, nil})
				}
				if h.Nack >= 0 {
					t.inject(h.Nack, nackRespMsg, &nackResp{pg.SeqNo})
				}
			}
			t.ind++
		}
	}
	return time.Now(), nil
}
func (t *mockT) DialTimeout(a string, to time.Duration) (net.Conn, error) {
	t.mu.Lock()
	r := roundS{Tcp: "refuse"}
	if t.cur < len(t.rounds) {
		r = t.rounds[t.cur]
	}
	t.add("dial", int((to+U/2)/U))
	t.mu.Unlock()
	if r.Tcp == "refuse" {
		time.Sleep(time.Duration(r.Delay) * U)
		return nil, errors.New("refused")
	}
	if r.Tcp == "hang" {
		time.Sleep(to)
		return nil, errors.New("timeout")
	}
	c, s := net.Pipe()
	go func() {
		var buf [256]byte
		n, err := s.Read(buf[:])
		if err != nil {
			return
		}
		var pg ping
		decode(buf[1:n], &pg)
		time.Sleep(time.Duration(r.Delay) * U)
		switch r.Tcp {
		case "ok", "wrong":
			sq := pg.SeqNo
			if r.Tcp == "wrong" {
				sq++
			}
			o, _ := encode(ackRespMsg, &ackResp{sq, nil})
			s.SetDeadline(time.Now().Add(5 * time.Second))
			s.Write(o.Bytes())
			s.Close()
		case "eof":
			s.Close()
		case "silent":
			time.Sleep(6 * time.Second)
			s.Close()
		}
	}()
	return c, nil
}

var reS = regexp.MustCompile(`Suspect (\S+) has failed`)

func (t *mockT) Write(b []byte) (int, error) {
	s := string(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case strings.Contains(s, "Failed ping:"):
		t.add("failedping", 0)
	case strings.Contains(s, "Failed fallback ping"):
		t.add("fberr", 0)
	case strings.Contains(s, "Was able to connect"):
		t.add("tcpok", 0)
	case reS.MatchString(s):
		t.add("suspect", 0)
		n := reS.FindStringSubmatch(s)[1]
		time.AfterFunc(3*U, func() {
			t.m.nodeLock.RLock()
			st := t.m.nodeMap[n]
			a := alive{Incarnation: st.Incarnation + 1, Node: n, Addr: st.Addr, Port: st.Port, Meta: st.Meta, Vsn: []uint8{st.PMin, st.PMax, st.PCur, st.DMin, st.DMax, st.DCur}}
			t.m.nodeLock.RUnlock()
			t.m.aliveNode(&a, nil, false)
		})
	}
	return len(b), nil
}

// The rounds run in real time, all sequences at once: at most some 40 seeds on two processors.
func TestProbeRounds(t *testing.T) {
	enc, end := begin(t)
	defer end()
	stop := make(chan bool)
	late := watch(stop)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seeds(40, func(seed int) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewSource(int64(seed)))
			mt := &mockT{pch: make(chan *Packet, 100), sch: make(chan net.Conn), cur: -1}
			pick := func(max int) int { return 20 + 40*rnd.Intn(max/40) }
			for i := 0; i < 14; i++ {
				r := roundS{Direct: -1, Tcp: []string{"refuse", "hang", "ok", "silent", "eof", "wrong", "refuse", "ok"}[rnd.Intn(8)], Delay: pick(360)}
				if rnd.Intn(3) == 0 {
					r.Direct = pick(700)
				}
				for j := range r.Helpers {
					r.Helpers[j] = helperS{-1, -1}
					if rnd.Intn(6) == 0 {
						r.Helpers[j].Ack = pick(700)
					}
					if rnd.Intn(2) == 0 {
						r.Helpers[j].Nack = pick(500)
					}
				}
				mt.rounds = append(mt.rounds, r)
			}
			conf := DefaultLANConfig()
			conf.Name = "me"
			conf.ProbeInterval = 400 * U
			conf.ProbeTimeout = 120 * U
			conf.GossipInterval = 0
			conf.PushPullInterval = 0
			conf.SuspicionMult = 1000
			conf.EnableCompression = false
			conf.Transport = mt
			conf.LogOutput = nil
			conf.Logger = log.New(mt, "", 0)
			m, err := newMemberlist(conf)
			if err != nil {
				panic(err)
			}
			mt.m = m
			m.setAlive()
			for i := 0; i < 8; i++ {
				pm := uint8(5)
				m.aliveNode(&alive{Incarnation: 1, Node: string(rune('p' + i)), Addr: net.IP{10, 0, 0, byte(i + 2)}, Port: 7946, Meta: []byte{}, Vsn: []uint8{1, pm, 2, 2, 5, 5}}, nil, false)
			}
			m.broadcasts.Reset()
			mt.t0 = time.Now()
			m.schedule()
			for {
				time.Sleep(20 * U)
				mt.mu.Lock()
				s := mt.stop
				mt.mu.Unlock()
				if s || time.Since(mt.t0) > 90*time.Second {
					break
				}
			}
			m.deschedule()
			mu.Lock()
			enc.Encode(M{"seed": seed, "rounds": mt.rounds, "ev": mt.ev})
			mu.Unlock()
		}()
	})
	wg.Wait()
	close(stop)
	if *late > mostLate {
		t.Fatalf("the machine was late by %v: record again when it is idle", *late)
	}
}
