package memberlist

import (
	"bytes"
	"encoding/hex"
	"math/rand"
	"testing"
)

// Keys of all sizes, good and bad, by number.
var keyPool = [][]byte{
	[]byte("0123456789abcdef"), []byte("fedcba9876543210"), []byte("0123456789abcdef01234567"),
	[]byte("0123456789abcdef0123456789abcdef"), []byte("ABCDEFGHABCDEFGH"), []byte("short"), []byte("0123456789abcdef0"), {},
}

func keyNumber(key []byte) int {
	for i, k := range keyPool {
		if bytes.Equal(k, key) {
			return i
		}
	}
	return -1
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// spoil gives a block that is whole, cut, changed or of another version.
func spoil(block []byte, rnd *rand.Rand) []byte {
	b := append([]byte{}, block...)
	switch rnd.Intn(5) {
	case 0:
		return b[:rnd.Intn(len(b))]
	case 1:
		b[rnd.Intn(len(b)-1)+1] ^= 1 << uint(rnd.Intn(8))
	case 2:
		b[0] = byte(1 + rnd.Intn(5))
	}
	return b
}

func TestKeyring(t *testing.T) {
	enc, end := begin(t)
	defer end()
	seeds(400, func(seed int) {
		rnd := rand.New(rand.NewSource(int64(seed)))
		r, err := NewKeyring(nil, keyPool[rnd.Intn(5)])
		if err != nil {
			t.Fatal(err)
		}
		steps := []M{{"first": keyNumber(r.GetPrimaryKey())}}
		for i := 0; i < 60; i++ {
			k := rnd.Intn(len(keyPool))
			op := M{"key": k}
			switch rnd.Intn(6) {
			case 0, 1:
				op["op"], op["error"] = "add", text(r.AddKey(keyPool[k]))
			case 2:
				op["op"], op["error"] = "use", text(r.UseKey(keyPool[k]))
			case 3:
				op["op"], op["error"] = "remove", text(r.RemoveKey(keyPool[k]))
			default:
				k %= 5
				plain, with := make([]byte, rnd.Intn(120)), make([]byte, rnd.Intn(8))
				rnd.Read(plain)
				rnd.Read(with)
				version := encryptionVersion(rnd.Intn(2))
				var block bytes.Buffer
				if err := encryptPayload(version, keyPool[k], plain, with, &block); err != nil {
					t.Fatal(err)
				}
				given := spoil(block.Bytes(), rnd)
				found, err := decryptPayload(r.GetKeys(), given, with)
				op["op"], op["key"], op["version"], op["length"] = "open", k, version, block.Len()
				op["plain"], op["with"], op["block"] = hex.EncodeToString(plain), hex.EncodeToString(with), hex.EncodeToString(given)
				op["found"], op["error"], op["overhead"] = hex.EncodeToString(found), text(err), encryptOverhead(version)
			}
			keys := []int{}
			for _, key := range r.GetKeys() {
				keys = append(keys, keyNumber(key))
			}
			op["keys"] = keys
			steps = append(steps, op)
		}
		enc.Encode(steps)
	})
}
