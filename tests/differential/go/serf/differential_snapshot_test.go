package serf

import (
	"fmt"
	"io/ioutil"
	"log"
	"math/rand"
	"net"
	"os"
	"sort"
	"strings"
	"testing"
)

func TestSnapshots(t *testing.T) {
	enc, end := begin(t)
	defer end()
	seeds(150, func(seed int) {
		r := rand.New(rand.NewSource(int64(seed)))
		dir, _ := ioutil.TempDir("", "sn")
		path := dir + "/snap"
		rejoin := r.Intn(2) == 0
		min := []int{100, 200, 400, 4000}[r.Intn(4)]
		lives := []interface{}{}
		for life := 0; life < 3; life++ {
			sh := make(chan struct{})
			var clock LamportClock
			clock.Increment()
			_, s, err := NewSnapshotter(path, min, rejoin, log.New(ioutil.Discard, "", 0), &clock, nil, sh)
			if err != nil {
				panic(err)
			}
			prev := []string{}
			for _, p := range s.AliveNodes() {
				prev = append(prev, p.Name+" "+p.Addr)
			}
			sort.Strings(prev)
			start := []interface{}{prev, s.LastClock(), s.LastEventClock(), s.LastQueryClock()}
			clock.Witness(s.LastClock())
			ops := [][]interface{}{}
			for i := r.Intn(60); i > 0; i-- {
				k := r.Intn(8)
				n := r.Intn(6)
				m := Member{Name: fmt.Sprintf("node%d", n), Addr: net.IP{10, 0, 0, byte(1 + n)}, Port: 7946}
				lt := r.Intn(40)
				ops = append(ops, []interface{}{k, n, lt})
				if s.leaving && k != 5 {
					continue
				}
				switch k {
				case 0, 1:
					s.processMemberEvent(MemberEvent{EventMemberJoin, []Member{m}})
				case 2:
					s.processMemberEvent(MemberEvent{EventType(1 + r.Intn(2)), []Member{m}})
				case 3:
					s.processMemberEvent(MemberEvent{EventMemberUpdate, []Member{m}})
				case 4:
					clock.Witness(LamportTime(lt))
				case 5:
					s.updateClock()
				case 6:
					s.processUserEvent(UserEvent{LTime: LamportTime(lt)})
				case 7:
					s.processQuery(&Query{LTime: LamportTime(lt)})
				}
			}
			if r.Intn(3) == 0 {
				ops = append(ops, []interface{}{9, 0, 0})
				s.leaving = true
				if !s.rejoinAfterLeave {
					s.aliveNodes = map[string]string{}
				}
				s.tryAppend("leave\n")
			}
			s.updateClock()
			s.buffered.Flush()
			b, _ := ioutil.ReadFile(path)
			l := strings.Split(string(b), "\n")
			sort.Strings(l)
			lives = append(lives, map[string]interface{}{"start": start, "ops": ops, "lines": l, "size": len(b)})
		}
		enc.Encode(map[string]interface{}{"rejoin": rejoin, "min": min, "lives": lives})
		os.RemoveAll(dir)
	})
}
