package agent

import (
	"encoding/json"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/serf/serf"
)

type M map[string]interface{}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

var words = []string{"member-join", "member-leave", "member-failed", "member-update", "member-reap", "user", "query", "*",
	"user:deploy", "user:", "query:load", "query:", "user:a:b", "query:deploy", "member", "", " user", "USER", "user:*", "user deploy"}
var names = []string{"deploy", "load", "a:b", "", "*", "other"}

// TestFilters gives filters of events as handlers and streams have them, and which of all kinds of events pass.
func TestFilters(t *testing.T) {
	if os.Getenv("OUT") == "" {
		t.Skip("OUT names no file")
	}
	out, err := os.Create(os.Getenv("OUT"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	enc := json.NewEncoder(out)
	rnd := rand.New(rand.NewSource(int64(11 + number("FIRST", 0))))
	for i := 0; i < number("SEEDS", 3000); i++ {
		parts := []string{}
		for k := rnd.Intn(4); k >= 0; k-- {
			parts = append(parts, words[rnd.Intn(len(words))])
		}
		text := strings.Join(parts, ",")
		filters := ParseEventFilter(text)
		found := []interface{}{}
		valid := true
		for _, f := range filters {
			found = append(found, []interface{}{f.Event, f.Name, f.Valid()})
			valid = valid && f.Valid()
		}
		name := names[rnd.Intn(len(names))]
		events := []serf.Event{serf.UserEvent{Name: name}, &serf.Query{Name: name}}
		for _, kind := range []serf.EventType{serf.EventMemberJoin, serf.EventMemberLeave, serf.EventMemberFailed, serf.EventMemberUpdate, serf.EventMemberReap} {
			events = append(events, serf.MemberEvent{Type: kind})
		}
		passes := []bool{}
		for _, e := range events {
			pass := false
			for _, f := range filters {
				pass = pass || f.Invoke(e)
			}
			passes = append(passes, pass)
		}
		scripts := []interface{}{}
		for _, s := range ParseEventScript(text + "=handler.sh") {
			scripts = append(scripts, []interface{}{s.Event, s.Name, s.Script})
		}
		enc.Encode(M{"filter": text, "found": found, "valid": valid, "name": name, "passes": passes, "scripts": scripts})
	}
}
