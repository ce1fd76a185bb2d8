package memberlist

import "testing"

func TestVersions(t *testing.T) {
	enc, end := begin(t)
	defer end()
	rnd := source(3)
	vs := func() []uint8 {
		if rnd.Intn(9) == 0 {
			return nil
		}
		if rnd.Intn(2) == 0 {
			return []uint8{1, 5, 2, 2, uint8(4 + rnd.Intn(2)), uint8(4 + rnd.Intn(2))}
		}
		return []uint8{uint8(1 + rnd.Intn(2)), uint8(2 + rnd.Intn(4)), uint8(1 + rnd.Intn(3)), uint8(2 + rnd.Intn(2)), uint8(4 + rnd.Intn(2)), uint8(2 + rnd.Intn(4))}
	}
	ints := func(v []uint8) []int {
		o := []int{}
		for _, x := range v {
			o = append(o, int(x))
		}
		return o
	}
	for i := 0; i < number("SEEDS", 4000); i++ {
		m := &Memberlist{}
		loc, rem := [][]interface{}{}, [][]interface{}{}
		same := rnd.Intn(2) == 0
		base := []uint8{1, 5, 2, 2, 5, 5}
		for j := 0; j < 3; j++ {
			v := vs()
			if same {
				v = base
			}
			s := NodeStateType(rnd.Intn(4))
			n := &nodeState{Node: Node{Name: string(rune('a' + j))}, State: s}
			if v != nil {
				n.PMin, n.PMax, n.PCur, n.DMin, n.DMax, n.DCur = v[0], v[1], v[2], v[3], v[4], v[5]
			}
			m.nodes = append(m.nodes, n)
			loc = append(loc, []interface{}{n.Name, s, ints(v)})
		}
		rs := []pushNodeState{}
		for j := 0; j < 3; j++ {
			v := vs()
			if rnd.Intn(2) == 0 {
				v = base
			}
			s := NodeStateType(rnd.Intn(4))
			rs = append(rs, pushNodeState{Name: string(rune('a' + j + 2)), State: s, Vsn: v})
			rem = append(rem, []interface{}{string(rune('a' + j + 2)), s, ints(v)})
		}
		e := ""
		if err := m.verifyProtocol(rs); err != nil {
			e = err.Error()
		}
		enc.Encode(M{"l": loc, "r": rem, "e": e})
	}
}
