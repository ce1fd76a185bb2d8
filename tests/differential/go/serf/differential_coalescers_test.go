package serf

import (
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCoalescers(t *testing.T) {
	enc, end := begin(t)
	defer end()
	var wg sync.WaitGroup
	var mu sync.Mutex
	seeds(30, func(seed int) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewSource(int64(seed)))
			ch := make(chan Event, 1000)
			sh := make(chan struct{})
			var in chan<- Event = ch
			in = coalescedEventCh(in, sh, 330*time.Millisecond, 110*time.Millisecond, &memberEventCoalescer{lastEvents: map[string]EventType{}, latestEvents: map[string]coalesceEvent{}})
			in = coalescedEventCh(in, sh, 330*time.Millisecond, 110*time.Millisecond, &userEventCoalescer{events: map[string]*latestUserEvents{}})
			evs := [][]interface{}{}
			at := 0
			for i := 0; i < 40; i++ {
				at += []int{0, 20, 40, 60, 80, 140, 260}[r.Intn(7)]
				if r.Intn(2) == 0 {
					evs = append(evs, []interface{}{at, "m", r.Intn(5), r.Intn(4)})
				} else {
					evs = append(evs, []interface{}{at, "u", r.Intn(3), r.Intn(4), r.Intn(3) > 0, i})
				}
			}
			t0 := time.Now()
			res := [][]interface{}{}
			done := make(chan bool)
			go func() {
				for {
					select {
					case e := <-ch:
						s := ""
						switch x := e.(type) {
						case MemberEvent:
							n := []string{}
							for _, m := range x.Members {
								n = append(n, m.Name)
							}
							sort.Strings(n)
							s = x.String() + ":" + strings.Join(n, ",")
						case UserEvent:
							s = fmt.Sprintf("%s:%d:%s", x.Name, x.LTime, x.Payload)
						}
						res = append(res, []interface{}{float64(time.Since(t0).Microseconds()) / 1000, s})
					case <-done:
						done <- true
						return
					}
				}
			}()
			for _, e := range evs {
				time.Sleep(time.Until(t0.Add(time.Duration(e[0].(int)) * time.Millisecond)))
				if e[1] == "m" {
					in <- MemberEvent{Type: EventType(e[2].(int)), Members: []Member{{Name: string(rune('a' + e[3].(int)))}}}
				} else {
					in <- UserEvent{LTime: LamportTime(e[3].(int)), Name: fmt.Sprint("n", e[2]), Coalesce: e[4].(bool), Payload: []byte(fmt.Sprint(e[5]))}
				}
			}
			time.Sleep(500 * time.Millisecond)
			done <- true
			<-done
			mu.Lock()
			enc.Encode(map[string]interface{}{"ev": evs, "out": res, "seed": seed})
			mu.Unlock()
		}()
	})
	wg.Wait()
}
