package memberlist

import (
	"fmt"
	"math/rand"
	"testing"
)

type unnamed struct{ m []byte }

func (b *unnamed) Invalidates(o Broadcast) bool { return false }
func (b *unnamed) Message() []byte              { return b.m }
func (b *unnamed) Finished()                    { finished = append(finished, string(b.m[:6])) }
func (b *unnamed) UniqueBroadcast()             {}

type named struct {
	m []byte
	n string
}

func (b *named) Invalidates(o Broadcast) bool { return false }
func (b *named) Message() []byte              { return b.m }
func (b *named) Finished()                    { finished = append(finished, string(b.m[:6])) }
func (b *named) Name() string                 { return b.n }

var finished []string

func TestQueue(t *testing.T) {
	enc, end := begin(t)
	defer end()
	seeds(400, func(seed int) {
		rnd := rand.New(rand.NewSource(int64(seed)))
		n := 1
		q := &TransmitLimitedQueue{RetransmitMult: 1 + rnd.Intn(4), NumNodes: func() int { return n }}
		steps := []M{{"mult": q.RetransmitMult}}
		q.QueueBroadcast(&unnamed{[]byte("000000")})
		q.Prune(0)
		id := 0
		for i := 0; i < 120; i++ {
			finished = []string{}
			op := M{}
			switch k := rnd.Intn(10); {
			case k < 4:
				id++
				l := 6 + rnd.Intn(4)*(1+rnd.Intn(3))
				m := []byte(fmt.Sprintf("%06d%s", id, "xxxxxxxxxxxxxxxxxxxxxxx"))[:l]
				op["op"], op["id"], op["len"] = "q", id, l
				if rnd.Intn(2) == 0 {
					nm := rnd.Intn(4)
					op["name"] = nm
					q.QueueBroadcast(&named{m, fmt.Sprint(nm)})
				} else {
					op["name"] = -1
					q.QueueBroadcast(&unnamed{m})
				}
			case k < 9:
				n = []int{0, 1, 5, 9, 10, 99, 100, 1200}[rnd.Intn(8)]
				lim := rnd.Intn(70)
				o := []string{}
				for _, b := range q.GetBroadcasts(2, lim) {
					o = append(o, string(b[:6]))
				}
				op["op"], op["n"], op["lim"], op["out"] = "g", n, lim, o
			default:
				if rnd.Intn(4) == 0 {
					k := rnd.Intn(6)
					q.Prune(k)
					op["op"], op["k"] = "p", k
				} else {
					op["op"] = "nop"
				}
			}
			v := []string{}
			for _, lb := range q.orderedView(false) {
				v = append(v, fmt.Sprintf("%s:%d", lb.b.Message()[:6], lb.transmits))
			}
			op["v"], op["fin"], op["d"] = v, finished, q.NumQueued()
			steps = append(steps, op)
		}
		enc.Encode(steps)
	})
}
