package serf

import (
	"fmt"
	"math/rand"
	"net"
	"strings"
	"testing"
	"time"
)

func rname(r *rand.Rand, max int) string {
	return strings.Repeat("n", 1+r.Intn(max))
}
func ru(r *rand.Rand) uint64 {
	return []uint64{0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 31, 1<<32 - 1, 1 << 32, uint64(r.Int63())}[r.Intn(12)]
}

func TestSizes(t *testing.T) {
	enc, end := begin(t)
	defer end()
	r := source(7)
	for i := 0; i < number("SEEDS", 4000); i++ {
		o := map[string]interface{}{}
		var raw []byte
		switch r.Intn(6) {
		case 0:
			m := messageUserEvent{LamportTime(ru(r)), rname(r, 300), make([]byte, r.Intn(400)), r.Intn(2) == 0}
			raw, _ = encodeMessage(messageUserEventType, &m)
			o["k"], o["lt"], o["name"], o["pay"], o["cc"] = "ue", m.LTime, len(m.Name), len(m.Payload), m.CC
		case 1:
			m := messageLeave{LamportTime(ru(r)), rname(r, 200), r.Intn(2) == 0}
			raw, _ = encodeMessage(messageLeaveType, &m)
			o["k"], o["lt"], o["name"], o["p"] = "li", m.LTime, len(m.Node), m.Prune
		case 2:
			m := messageJoin{LamportTime(ru(r)), rname(r, 200)}
			raw, _ = encodeMessage(messageJoinType, &m)
			o["k"], o["lt"], o["name"] = "ji", m.LTime, len(m.Node)
		case 3:
			p := QueryParam{}
			for j := r.Intn(25); j > 0; j-- {
				p.FilterNodes = append(p.FilterNodes, rname(r, 60))
			}
			p.FilterTags = map[string]string{}
			ft := [][]int{}
			for j := r.Intn(3); j > 0; j-- {
				a, b := r.Intn(60), r.Intn(60)
				p.FilterTags[fmt.Sprintf("%d", j)+strings.Repeat("t", a)] = strings.Repeat("e", b)
				ft = append(ft, []int{a + 1, b})
			}
			f, _ := p.encodeFilters()
			m := messageQuery{LTime: LamportTime(ru(r)), ID: uint32(r.Int31()) >> uint(r.Intn(31)), Addr: net.IP{10, 0, 0, 1}, Port: uint16(ru(r)), SourceNode: rname(r, 60), Filters: f,
				Flags: uint32(r.Intn(4)), RelayFactor: uint8(r.Intn(256)), Timeout: time.Duration(r.Int63() >> uint(20+r.Intn(40))), Name: rname(r, 100), Payload: make([]byte, r.Intn(700))}
			raw, _ = encodeMessage(messageQueryType, &m)
			fn := []int{}
			for _, x := range p.FilterNodes {
				fn = append(fn, len(x))
			}
			o["k"], o["lt"], o["id"], o["port"], o["src"], o["fl"], o["rf"], o["to"], o["name"], o["pay"], o["fn"], o["ft"] = "qu", m.LTime, m.ID, m.Port, len(m.SourceNode), m.Flags, m.RelayFactor, m.Timeout, len(m.Name), len(m.Payload), fn, ft
		case 4:
			m := messageQueryResponse{LTime: LamportTime(ru(r)), ID: uint32(ru(r)), From: rname(r, 100), Flags: uint32(r.Intn(2)), Payload: make([]byte, r.Intn(1000))}
			raw, _ = encodeMessage(messageQueryResponseType, &m)
			ua := net.UDPAddr{IP: net.IP{10, 0, 0, 1}, Port: int(uint16(ru(r)))}
			dn := rname(r, 60)
			rel, _ := encodeRelayMessage(messageQueryResponseType, ua, dn, &m)
			o["k"], o["lt"], o["id"], o["from"], o["fl"], o["pay"], o["rp"], o["dn"], o["rel"] = "qr", m.LTime, m.ID, len(m.From), m.Flags, len(m.Payload), ua.Port, len(dn), len(rel)
		case 5:
			n := []int{0, 1, 3, 15, 16, 17, 40, 300}[r.Intn(8)]
			ring := []int{512, 8, 15, 16, 100}[r.Intn(5)]
			pp := messagePushPull{LTime: LamportTime(ru(r)), StatusLTimes: map[string]LamportTime{}, LeftMembers: []string{}, EventLTime: LamportTime(ru(r)), Events: make([]*userEvents, ring), QueryLTime: LamportTime(ru(r))}
			st := [][]interface{}{}
			for j := 0; j < n; j++ {
				nm := fmt.Sprintf("%04d", j) + strings.Repeat("x", r.Intn(40))
				l := LamportTime(ru(r))
				pp.StatusLTimes[nm] = l
				left := r.Intn(4) == 0
				if left {
					pp.LeftMembers = append(pp.LeftMembers, nm)
				}
				st = append(st, []interface{}{nm, l, left})
			}
			evs := [][]interface{}{}
			for j := r.Intn(20); j > 0; j-- {
				l := LamportTime(ru(r))
				if pp.Events[uint64(l)%uint64(ring)] != nil {
					continue
				}
				u := &userEvents{LTime: l}
				es := [][]int{}
				for q := 1 + r.Intn(18); q > 0; q-- {
					u.Events = append(u.Events, userEvent{Name: rname(r, 50), Payload: make([]byte, r.Intn(50))})
					es = append(es, []int{len(u.Events[len(u.Events)-1].Name), len(u.Events[len(u.Events)-1].Payload)})
				}
				pp.Events[uint64(l)%uint64(ring)] = u
				evs = append(evs, []interface{}{l, es})
			}
			raw, _ = encodeMessage(messagePushPullType, &pp)
			o["k"], o["lt"], o["elt"], o["qlt"], o["st"], o["evs"], o["ring"] = "pp", pp.LTime, pp.EventLTime, pp.QueryLTime, st, evs, ring
		}
		o["len"] = len(raw)
		enc.Encode(o)
	}
}
