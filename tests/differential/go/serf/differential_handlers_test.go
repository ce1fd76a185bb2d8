package serf

import (
	"fmt"
	"log"
	"math/rand"
	"net"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

func bare(ch chan Event) *Serf {
	conf := DefaultConfig()
	conf.Init()
	conf.NodeName = "me"
	conf.EventBuffer = 8
	conf.QueryBuffer = 8
	conf.BroadcastTimeout = 0
	conf.LeavePropagateDelay = 0
	conf.DisableCoordinates = true
	conf.EventCh = ch
	lg := log.New(cw{}, "", 0)
	s := &Serf{config: conf, logger: lg, members: map[string]*memberState{}, queryResponse: map[LamportTime]*QueryResponse{},
		shutdownCh: make(chan struct{}), state: SerfAlive, recentIntents: map[string]nodeIntent{},
		eventBuffer: make([]*userEvents, 8), queryBuffer: make([]*queries, 8)}
	s.eventJoinIgnore.Store(false)
	mk := func() *memberlist.TransmitLimitedQueue {
		return &memberlist.TransmitLimitedQueue{NumNodes: s.NumNodes, RetransmitMult: 4}
	}
	s.broadcasts, s.eventBroadcasts, s.queryBroadcasts = mk(), mk(), mk()
	s.clock.Increment()
	s.eventClock.Increment()
	s.queryClock.Increment()
	return s
}

type cw struct{}

var refutes int

func (cw) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "Refuting an older") {
		refutes++
	}
	return len(b), nil
}

func settle() {
	if refutes > 0 {
		time.Sleep(15 * time.Millisecond)
		refutes = 0
	}
}

func dump(s *Serf, ch chan Event) M {
	mem := M{}
	for n, m := range s.members {
		mem[n] = []interface{}{m.Status.String(), m.statusLTime}
	}
	names := func(l []*memberState) []string {
		o := []string{}
		for _, m := range l {
			o = append(o, m.Name)
		}
		sort.Strings(o)
		return o
	}
	rec := M{}
	for n, i := range s.recentIntents {
		rec[n] = []interface{}{i.Type, i.LTime}
	}
	ev := []string{}
	for len(ch) > 0 {
		switch e := (<-ch).(type) {
		case MemberEvent:
			ev = append(ev, e.String()+":"+e.Members[0].Name)
		case UserEvent:
			ev = append(ev, fmt.Sprintf("user:%s:%d:%s:%v", e.Name, e.LTime, e.Payload, e.Coalesce))
		case *Query:
			ev = append(ev, fmt.Sprintf("query:%d:%d", e.LTime, e.id))
		}
	}
	return M{"c": s.clock.Time(), "ec": s.eventClock.Time(), "qc": s.queryClock.Time(), "m": mem, "f": names(s.failedMembers),
		"l": names(s.leftMembers), "r": rec, "q": []int{s.broadcasts.NumQueued(), s.queryBroadcasts.NumQueued(), s.eventBroadcasts.NumQueued()},
		"min": s.eventMinTime, "ev": ev}
}

func TestHandlers(t *testing.T) {
	enc, end := begin(t)
	defer end()
	all := []string{"me", "p", "q", "r", "s"}
	seeds(300, func(seed int) {
		rnd := rand.New(rand.NewSource(int64(seed)))
		ch := make(chan Event, 100000)
		s := bare(ch)
		d := &delegate{serf: s}
		node := func(n string) *memberlist.Node {
			return &memberlist.Node{Name: n, Addr: net.IP{127, 0, 0, 1}, Port: 1, Meta: []byte{0xff, 0x80}}
		}
		s.handleNodeJoin(node("me"))
		steps := []M{}
		for i := 0; i < 60; i++ {
			n := all[rnd.Intn(len(all))]
			lt := LamportTime(int(s.clock.Time()) + rnd.Intn(8) - 5)
			if int64(lt) < 0 {
				lt = 0
			}
			op := M{"n": n, "lt": lt}
			switch k := rnd.Intn(14); k {
			case 0, 1:
				op["op"] = "join"
				s.handleNodeJoin(node(n))
			case 2, 3:
				op["op"] = "dead"
				s.handleNodeLeave(node(n))
			case 4:
				op["op"] = "update"
				s.handleNodeUpdate(node(n))
			case 5, 6:
				op["op"] = "ji"
				raw, _ := encodeMessage(messageJoinType, &messageJoin{lt, n})
				d.NotifyMsg(raw)
			case 7, 8:
				op["op"] = "li"
				p := rnd.Intn(4) == 0
				op["p"] = p
				raw, _ := encodeMessage(messageLeaveType, &messageLeave{lt, n, p})
				d.NotifyMsg(raw)
				settle()
			case 9, 10:
				op["op"] = "merge"
				st := map[string]LamportTime{}
				left := []string{}
				for _, x := range all {
					if rnd.Intn(3) > 0 {
						st[x] = LamportTime(rnd.Intn(int(s.clock.Time()) + 3))
					}
					if rnd.Intn(5) == 0 {
						left = append(left, x)
					}
				}
				evs := make([]*userEvents, 8)
				for j := 0; j < rnd.Intn(4); j++ {
					l := LamportTime(rnd.Intn(int(s.eventClock.Time()) + 3))
					evs[l%8] = &userEvents{LTime: l, Events: []userEvent{{Name: string(rune('a' + rnd.Intn(2))), Payload: []byte{byte('0' + rnd.Intn(2))}}}}
				}
				if rnd.Intn(5) > 0 {
					for _, v := range st {
						if v+1 > lt {
							lt = v + 1
						}
					}
					op["lt"] = lt
				}
				pp := messagePushPull{LTime: lt, StatusLTimes: st, LeftMembers: left, EventLTime: LamportTime(rnd.Intn(int(s.eventClock.Time()) + 3)), Events: evs,
					QueryLTime: LamportTime(rnd.Intn(int(s.queryClock.Time()) + 3))}
				j, ig := rnd.Intn(2) == 0, rnd.Intn(3) == 0
				s.eventJoinIgnore.Store(ig)
				raw, _ := encodeMessage(messagePushPullType, &pp)
				d.MergeRemoteState(raw, j)
				settle()
				s.eventJoinIgnore.Store(false)
				op["st"], op["left"], op["elt"], op["qlt"], op["join"], op["ig"] = st, left, pp.EventLTime, pp.QueryLTime, j, ig
				el := []interface{}{}
				for _, u := range evs {
					if u != nil {
						el = append(el, []interface{}{u.LTime, u.Events[0].Name, string(u.Events[0].Payload)})
					}
				}
				op["evs"] = el
			case 11:
				l := LamportTime(rnd.Intn(int(s.eventClock.Time()) + 4))
				e := messageUserEvent{l, string(rune('a' + rnd.Intn(2))), []byte{byte('0' + rnd.Intn(2))}, rnd.Intn(2) == 0}
				op["op"], op["lt"], op["name"], op["pay"], op["cc"] = "ue", l, e.Name, string(e.Payload), e.CC
				raw, _ := encodeMessage(messageUserEventType, &e)
				d.NotifyMsg(raw)
			case 12:
				l := LamportTime(rnd.Intn(int(s.queryClock.Time()) + 4))
				q := messageQuery{LTime: l, ID: uint32(rnd.Intn(3)), Name: "q", Timeout: time.Second}
				if rnd.Intn(4) == 0 {
					q.Flags = queryFlagNoBroadcast
				}
				op["op"], op["lt"], op["id"], op["fl"] = "qu", l, q.ID, q.Flags
				raw, _ := encodeMessage(messageQueryType, &q)
				d.NotifyMsg(raw)
			case 13:
				switch rnd.Intn(4) {
				case 0:
					op["op"] = "reap"
					far := time.Now().Add(time.Hour)
					s.failedMembers = s.reap(s.failedMembers, far, time.Minute)
					s.leftMembers = s.reap(s.leftMembers, far, time.Minute)
				case 1:
					op["op"] = "force"
					p := rnd.Intn(3) == 0
					op["p"] = p
					s.forceLeave(n, p)
					settle()
				case 2:
					op["op"] = "bj"
					s.broadcastJoin(s.clock.Time())
				case 3:
					op["op"] = "leave"
					if s.state == SerfAlive && rnd.Intn(3) == 0 {
						s.state = SerfLeaving
						msg := messageLeave{LTime: s.clock.Time(), Node: "me"}
						s.clock.Increment()
						s.handleNodeLeaveIntent(&msg)
						if s.hasAliveMembers() {
							s.broadcast(messageLeaveType, &msg, make(chan struct{}))
						}
					} else {
						op["op"] = "nop"
					}
				}
			}
			op["s"] = dump(s, ch)
			steps = append(steps, op)
		}
		enc.Encode(steps)
	})
}
