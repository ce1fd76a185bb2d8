// What each member knows of the others, and what news changes in it.
#pragma once
#include "broadcasts.hpp"

enum {
    PROBE_TICK, GOSSIP_TICK, ACK_TIMER, DEADLINE, SUSPICION_TIMER, RELAY_TIMER, JOIN, PP_REQUEST, PP_REPLY,
    PING, ACK, NACK, INDIRECT_PING, FORWARDED_ACK, GOSSIP, TCP_ACK, KINDS
};
struct Event {
    u8 kind;
    i32 node, src, a, b, load;
};
struct Suspicion {
    u32 node, from[3];
    int n;  // accusers
    double start, ends;
};

struct Members {
    int n, words;
    Rng rng;
    Wheel queue;
    Pool<Event> events;
    u64 pushes = 0;
    double now = 0;
    vector<u8> up, gossip_due, score;
    vector<double> start, log10s;
    vector<u32> view, ring, ltime, clock;  // view, ring, ltime: of each pair; a view is a key, 0 a stranger
    vector<i32> known, ring_at;
    vector<Queue> own, intents;
    vector<vector<Suspicion>> suspicions;
    vector<i32> slot;    // of each pair: place among the suspicions, plus 1
    vector<float> died;  // of each pair: when the death was heard
    // A bit of each pair is set once the newest that anyone told about a member is known.
    vector<u64> seen, seen_intents;
    vector<u32> newest, newest_intent, last_alive;
    i64 useful = 0, dead_pairs = 0, false_suspicions = 0, refutations = 0;

    Members(int nodes, u64 seed)
        : n(nodes), words((n + 63) / 64), rng(seed), up(n, 0), gossip_due(n, 0), score(n, 0), start(n, 0),
          log10s(n + 2), view((size_t)n * n, 0), ring((size_t)n * n), ltime((size_t)n * n, 0), clock(n, 1),
          known(n, 0), ring_at(n, 0), own(n), intents(n), suspicions(n), seen((size_t)n * words, 0),
          seen_intents((size_t)n * words, 0), newest(n, 0), newest_intent(n, 0), last_alive(n, 0) {
        table.push_back({0xFFFFFFFFu, 0, 0});
        sizes.push_back(0);
        for (int i = 1; i < n + 2; i++) log10s[i] = std::log10((double)i);
    }
    size_t pair(int me, u32 other) const { return (size_t)me * n + other; }
    void event(double at, int node, int kind, int src, int a, int b, i32 load = -1) {
        i32 place = events.alloc();
        events[place] = {(u8)kind, node, src, a, b, load};
        queue.push({at, (++pushes << 24) | (u32)place});
    }
    // ---- telling
    static int size_of(u32 kind) {  // with names of 8 letters
        return kind == INTENT ? 25 : kind == ALIVE ? 66 : 43;
    }
    u32 make(Msg m) {
        bool is_intent = (m.key & 3) == INTENT;
        u32& top = is_intent ? newest_intent[m.node] : newest[m.node];
        if (m.key > top) {
            top = m.key;
            u64 *bits = is_intent ? seen_intents.data() : seen.data(), bit = 1ull << (m.node & 63);
            for (size_t i = 0; i < (size_t)n; i++) bits[i * words + (m.node >> 6)] &= ~bit;
        }
        table.push_back(m);
        sizes.push_back(size_of(m.key & 3));
        return table.size() - 1;
    }
    u32 alive_of(u32 node, u32 key) {
        u32& id = last_alive[node];
        if (table[id].key != key || table[id].node != node) id = make({node, key, node});
        return id;
    }
    void tell(int me, u32 id) {
        bool is_intent = (table[id].key & 3) == INTENT;
        (is_intent ? intents : own)[me].put(id, n, !is_intent);
        if (gossip_due[me]) return;
        wake(me);
    }
    void wake(int me) {
        double k = std::floor((now - start[me]) / 0.2) + 1;
        if (start[me] + k * 0.2 <= now) k++;
        gossip_due[me] = 1;
        event(start[me] + k * 0.2, me, GOSSIP_TICK, 0, 0, 0);
    }
    bool has_news(int me) const { return own[me].depth || intents[me].depth; }
    // ---- suspicions: k = 2 confirmations, 4 * log10(n) s at least, 6 times that at most
    void arm(int me, Suspicion& s) {
        double least = 4 * std::max(1.0, log10s[known[me]]), most = n < 4 ? least : 6 * least;
        double lasts = std::max(least, most - std::log(s.n) / std::log(3.0) * (most - least));
        s.ends = std::max(now, s.start + lasts);
        event(s.ends, me, SUSPICION_TIMER, 0, s.node, 0);
    }
    void suspect(int me, const Msg& m) {
        if (slot.empty()) slot.assign((size_t)n * n, 0);
        suspicions[me].push_back({m.node, {m.from}, 1, now, 0});
        slot[pair(me, m.node)] = suspicions[me].size();
        arm(me, suspicions[me].back());
        false_suspicions += up[m.node];
    }
    void end_suspicion(int me, u32 node) {
        auto& all = suspicions[me];
        i32 place = slot[pair(me, node)] - 1;
        slot[pair(me, node)] = 0;
        if (place + 1 < (i32)all.size()) {
            all[place] = all.back();
            slot[pair(me, all[place].node)] = place + 1;
        }
        all.pop_back();
    }
    void confirm(int me, u32 id) {
        const Msg& m = table[id];
        Suspicion& s = suspicions[me][slot[pair(me, m.node)] - 1];
        if (s.n >= 3) return;
        for (int i = 0; i < s.n; i++)
            if (s.from[i] == m.from) return;
        s.from[s.n++] = m.from;
        useful++;
        tell(me, id);
        arm(me, s);
    }
    void suspicion_due(int me, u32 node) {
        i32 place = slot[pair(me, node)] - 1;
        if (place >= 0 && suspicions[me][place].ends <= now + 1e-9)
            hear(me, make({node, view[pair(me, node)] + 1, (u32)me}));
    }
    // ---- hearing
    void health(int me, int delta) { score[me] = std::min(7, std::max(0, score[me] + delta)); }
    void hear_intent(int me, u32 id) {
        u32 t = table[id].key >> 2, &heard = ltime[pair(me, table[id].node)];
        if (t >= clock[me]) clock[me] = t + 1;
        if (t <= heard) return;
        heard = t;
        useful++;
        tell(me, id);
    }
    void refute(int me, u32 accused, u32& mine) {
        mine = 4 * ((accused >> 2) + 1);
        refutations++;
        health(me, 1);
        tell(me, alive_of(me, mine));
    }
    void hear(int me, u32 id) {
        const Msg m = table[id];
        u32 state = m.key & 3;
        if (state == INTENT) return hear_intent(me, id);
        u32& v = view[pair(me, m.node)];
        if (v == 0) {
            if (state != ALIVE) return;
            insert(me, m.node);
        } else if (state == SUSPECT && (v & 3) != ALIVE) {
            if ((v & 3) == SUSPECT && m.key >= v) confirm(me, id);
            return;
        } else if (m.key <= v || (state == DEAD && (v & 3) == DEAD)) {
            return;
        }
        if ((int)m.node == me) {
            if (state != ALIVE) refute(me, m.key, v);
            return;
        }
        if ((v & 3) == SUSPECT) end_suspicion(me, m.node);
        v = m.key;
        useful++;
        tell(me, id);
        if (state == SUSPECT) suspect(me, m);
        if (state == DEAD) {
            if (died.empty()) died.assign((size_t)n * n, 0);
            died[pair(me, m.node)] = now;
            dead_pairs++;
        }
    }
    // What came with a datagram; what can change nothing is passed over by its bit.
    void hear_all(int me, const u32* ids, int count) {
        u64 *bits = &seen[(size_t)me * words], *intent_bits = &seen_intents[(size_t)me * words];
        for (int i = count - 1; i >= 0; i--) {
            const Msg& x = table[ids[i]];
            u32 node = x.node, state = x.key & 3;
            u64 bit = 1ull << (node & 63);
            bool is_known = (state == INTENT ? intent_bits : bits)[node >> 6] & bit;
            if (is_known && state != SUSPECT) continue;  // a suspicion may be confirmed
            hear(me, ids[i]);
            if (state == INTENT) {
                if (ltime[pair(me, node)] >= newest_intent[node] >> 2) intent_bits[node >> 6] |= bit;
            } else if (view[pair(me, node)] && view[pair(me, node)] >= newest[node]) {
                bits[node >> 6] |= bit;
            }
        }
    }
    // ---- choosing
    void insert(int me, u32 node) {
        u32* r = &ring[pair(me, 0)];
        int c = known[me]++, at = c ? rng.below(c) : 0;
        r[c] = r[at];
        r[at] = node;
    }
    // Up to k others in state `worst` or better, and those that died after `dead_since`.
    int pick(int me, int k, int but, u32 worst, double dead_since, int* out) {
        int got = 0, c = known[me];
        const u32 *v = &view[pair(me, 0)], *r = &ring[pair(me, 0)];
        for (int tries = 0; tries < 3 * c && got < k; tries++) {
            int m = r[rng.below(c)];
            if (m == me || m == but) continue;
            u32 state = v[m] & 3;
            if (state > worst && (state != DEAD || died[pair(me, m)] <= dead_since)) continue;
            bool is_double = false;
            for (int i = 0; i < got; i++) is_double |= out[i] == m;
            if (!is_double) out[got++] = m;
        }
        return got;
    }
    int next_target(int me) {
        u32 *r = &ring[pair(me, 0)], *v = &view[pair(me, 0)];
        int c = known[me];
        for (int i = 0; i < c; i++) {
            if (ring_at[me] >= c) {
                ring_at[me] = 0;
                for (int j = c - 1; j > 0; j--) std::swap(r[j], r[rng.below(j + 1)]);
            }
            int m = r[ring_at[me]++];
            if (m != me && (v[m] & 3) != DEAD) return m;
        }
        return -1;
    }
};
