// Random numbers, a pool of slots that are used again, and a queue of events in the order of time.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>
using std::vector;
typedef int32_t i32;
typedef uint32_t u32;
typedef int64_t i64;
typedef uint64_t u64;
typedef uint16_t u16;
typedef uint8_t u8;

struct Rng {  // xoroshiro128+
    u64 a, b;
    double spare = 0;
    bool has_spare = false;
    explicit Rng(u64 seed) {
        a = seed * 0x9E3779B97F4A7C15ull + 1;
        b = a ^ 0xD1B54A32D192ED03ull;
        for (int i = 0; i < 20; i++) next();
    }
    u64 next() {
        u64 s0 = a, s1 = b, r = s0 + s1;
        s1 ^= s0;
        a = ((s0 << 24) | (s0 >> 40)) ^ s1 ^ (s1 << 16);
        b = (s1 << 37) | (s1 >> 27);
        return r;
    }
    double random() { return (next() >> 11) * 0x1.0p-53; }
    int below(int n) { return (int)(((next() >> 32) * (u64)n) >> 32); }
    double gauss() {
        if (has_spare) {
            has_spare = false;
            return spare;
        }
        double u, v, s;
        do {
            u = 2 * random() - 1;
            v = 2 * random() - 1;
            s = u * u + v * v;
        } while (s >= 1 || s == 0);
        s = std::sqrt(-2 * std::log(s) / s);
        spare = v * s;
        has_spare = true;
        return u * s;
    }
};

template <class T>
struct Pool {
    vector<T> all;
    vector<i32> unused;
    i32 alloc() {
        if (unused.empty()) {
            i32 had = all.size(), more = had ? had : 1024;
            all.resize(had + more);
            for (i32 slot = had + more - 1; slot >= had; slot--) unused.push_back(slot);
        }
        i32 slot = unused.back();
        unused.pop_back();
        return slot;
    }
    void release(i32 slot) { unused.push_back(slot); }
    T& operator[](i32 slot) { return all[slot]; }
};

struct Key {
    double t;
    u64 id;
    bool operator<(const Key& o) const { return t < o.t || (t == o.t && id < o.id); }
};

// A timing wheel: buckets of 1 ms, and a heap for the bucket at hand. Events lie at most 131 s ahead.
struct Wheel {
    static const int BUCKETS = 1 << 17;
    struct Link {
        Key key;
        i32 next;
    };
    i64 bucket = 0, size = 0;
    vector<Key> heap;
    Pool<Link> links;
    vector<i32> heads = vector<i32>(BUCKETS, -1);
    static bool later(const Key& a, const Key& b) { return b < a; }
    void push(Key key) {
        i64 b = (i64)(key.t * 1000.0);
        size++;
        if (b <= bucket) {
            heap.push_back(key);
            std::push_heap(heap.begin(), heap.end(), later);
            return;
        }
        i32 slot = links.alloc();
        links[slot] = {key, heads[b & (BUCKETS - 1)]};
        heads[b & (BUCKETS - 1)] = slot;
    }
    bool pop(double end, Key& out) {
        while (heap.empty()) {
            if (!size || (bucket + 1) / 1000.0 >= end) return false;
            bucket++;
            for (i32 slot = heads[bucket & (BUCKETS - 1)]; slot >= 0; slot = links[slot].next) {
                heap.push_back(links[slot].key);
                links.release(slot);
            }
            heads[bucket & (BUCKETS - 1)] = -1;
            std::make_heap(heap.begin(), heap.end(), later);
        }
        if (heap[0].t >= end) return false;
        std::pop_heap(heap.begin(), heap.end(), later);
        out = heap.back();
        heap.pop_back();
        size--;
        return true;
    }
};
