package memberlist

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-msgpack/codec"
)

func TestSizes(t *testing.T) {
	enc, end := begin(t)
	defer end()
	r := source(5)
	nm := func() string { return strings.Repeat("n", 1+r.Intn(120)) }
	u := func() uint32 {
		return []uint32{0, 1, 127, 128, 255, 256, 65535, 65536, 1<<31 - 1, 1<<32 - 1}[r.Intn(10)]
	}
	p := func() uint16 { return uint16(u()) | 1 }
	ad := func() []byte { return make([]byte, []int{4, 16}[r.Intn(2)]) }
	for i := 0; i < number("SEEDS", 3000); i++ {
		o := M{}
		var b *bytes.Buffer
		n, s := nm(), nm()
		seq, port, sport := u(), p(), p()
		a, sa := ad(), ad()
		o["n"], o["s"], o["seq"], o["port"], o["sport"], o["a"], o["sa"] = len(n), len(s), seq, port, sport, len(a), len(sa)
		switch r.Intn(8) {
		case 0:
			o["k"] = "ping"
			b, _ = encode(pingMsg, &ping{seq, n, sa, sport, s})
		case 1:
			o["k"] = "ind"
			b, _ = encode(indirectPingMsg, &indirectPingReq{seq, a, port, n, r.Intn(2) == 0, sa, sport, s})
		case 2:
			o["k"] = "ack"
			b, _ = encode(ackRespMsg, &ackResp{seq, nil})
		case 3:
			o["k"] = "nack"
			b, _ = encode(nackRespMsg, &nackResp{seq})
		case 4:
			o["k"] = "suspect"
			b, _ = encode(suspectMsg, &suspect{seq, n, s})
		case 5:
			o["k"] = "dead"
			b, _ = encode(deadMsg, &dead{seq, n, s})
		case 6:
			o["k"] = "alive"
			m := r.Intn(513)
			o["m"] = m
			b, _ = encode(aliveMsg, &alive{seq, n, a, port, make([]byte, m), []uint8{1, 5, 2, 2, 5, 5}})
		case 7:
			o["k"] = "entry"
			m := r.Intn(513)
			o["m"] = m
			b = bytes.NewBuffer(nil)
			hd := codec.MsgpackHandle{}
			codec.NewEncoder(b, &hd).Encode(&pushNodeState{Name: n, Addr: a, Port: port, Meta: make([]byte, m), Incarnation: seq, State: NodeStateType(r.Intn(4)), Vsn: []uint8{1, 5, 2, 2, 5, 5}})
		}
		o["len"] = b.Len()
		enc.Encode(o)
	}
}
