// The network, and what members do by themselves: probe, gossip, join.
#pragma once
#include <cstring>

#include "members.hpp"

const int RELAYS = 64;  // that a member keeps at a time
const double INF = 1e30;

struct Coordinate {
    double v[8], height, error;
};
struct Round {  // of probing one member
    i32 seq = 0, target = 0;
    u32 key = 0;
    double sent = 0, ends = 0;
    int expected = 0, nacks = 0;
    bool busy = false, tcp_answered = false, tick_kept = false;
};
struct Relay {
    i32 seq = -1, origin = 0, origin_seq = 0;
};

struct Cluster : Members {
    double loss = 0;
    bool tcp_blocked = false, cut = false;  // cut: the first fifth is apart from the others
    vector<double> x, y, height;
    vector<Coordinate> coordinates;
    vector<i32> seq;
    vector<Round> rounds;
    vector<Relay> relays;
    Pool<Load> loads;
    vector<vector<std::pair<u32, u32>>> snapshots;
    vector<i32> unused_snapshots;
    i64 counts[KINDS] = {0}, delivered = 0;

    Cluster(int nodes, u64 seed)
        : Members(nodes, seed), x(n), y(n), height(n), coordinates(n), seq(n, 0), rounds(n),
          relays((size_t)n * RELAYS) {
        for (int i = 0; i < n; i++) {
            x[i] = .05 * rng.random();
            y[i] = .05 * rng.random();
            height[i] = .001 + .002 * rng.random();
            memset(&coordinates[i], 0, sizeof(Coordinate));
            coordinates[i].height = 10e-6;
            coordinates[i].error = 1.5;
        }
    }
    // ---- network
    bool apart(int i, int j) const { return cut && (i < n / 5) != (j < n / 5); }
    double base(int i, int j) const {
        double dx = x[i] - x[j], dy = y[i] - y[j];
        return std::sqrt(dx * dx + dy * dy) + height[i] + height[j];
    }
    void deliver(int kind, int src, int dst, int a, int b, i32 load) {
        if ((loss > 0 && rng.random() < loss) || apart(src, dst)) {
            if (load >= 0) loads.release(load);
            return;
        }
        event(now + base(src, dst) + 0.001 * std::exp(0.5 * rng.gauss()), dst, kind, src, a, b, load);
    }
    void fill(int me, int room, Load& load) {
        int limit = 4 * (int)std::ceil(log10s[known[me] + 1]);
        int used = own[me].depth ? own[me].take(limit, room, load, true) : 0;
        if (intents[me].depth && intents[me].least + 2 <= room - used)
            intents[me].take(limit, room - used, load, false);
    }
    void send(int kind, int src, int dst, int a, int b, int room) {
        i32 load = -1;
        bool talks = has_news(src);
        if (kind == ACK || talks) {
            load = loads.alloc();
            loads[load].n = 0;
            if (talks) fill(src, room, loads[load]);
            if (kind == ACK) memcpy(loads[load].coordinate, &coordinates[src], sizeof(Coordinate));
        }
        if (kind == GOSSIP && !loads[load].n) return loads.release(load);
        deliver(kind, src, dst, a, b, load);
    }
    // ---- probing; a round lasts 1 s times the health score plus 1
    void probe(int me) {
        int target = next_target(me);
        if (target < 0) return;
        Round& r = rounds[me];
        r.seq = ++seq[me];
        r.target = target;
        r.key = view[pair(me, target)];
        r.sent = now;
        r.ends = now + 1 + score[me];
        r.expected = r.nacks = 0;
        r.busy = true;
        r.tcp_answered = false;
        if ((r.key & 3) == SUSPECT) {  // which is told so together with the ping, and nothing else
            i32 load = loads.alloc();
            loads[load].n = 1;
            loads[load].m[0] = make({(u32)target, r.key, (u32)me});
            sent[SUSPECT]++;
            deliver(PING, me, target, r.seq, 0, load);
        } else {
            send(PING, me, target, r.seq, 0, 1330);
        }
        event(now + .5, me, ACK_TIMER, 0, r.seq, 0);
    }
    void ask_others(int me) {
        Round& r = rounds[me];
        int out[3];
        r.expected = pick(me, 3, r.target, ALIVE, INF, out);
        for (int i = 0; i < r.expected; i++) send(INDIRECT_PING, me, out[i], r.seq, r.target, 1300);
        if (up[r.target] && !tcp_blocked && !apart(me, r.target))
            event(now + 4 * base(me, r.target), me, TCP_ACK, r.target, r.seq, 0);
        event(r.ends, me, DEADLINE, 0, r.seq, 0);
    }
    void end_round(int me, bool answered) {
        Round& r = rounds[me];
        if (answered) {
            health(me, -1);
        } else {
            health(me, r.expected ? std::max(0, r.expected - r.nacks) : 1);
            hear(me, make({(u32)r.target, (r.key & ~3u) + SUSPECT, (u32)me}));
        }
        r.busy = false;
        if (r.tick_kept) {
            r.tick_kept = false;
            probe(me);
        }
    }
    Relay* relay_of(int me, int s) {
        Relay* relay = &relays[(size_t)me * RELAYS + (s & (RELAYS - 1))];
        return relay->seq == s ? relay : nullptr;
    }
    void ack(int me, int s, const Coordinate* other) {
        Round& r = rounds[me];
        if (r.seq == s && r.busy) {
            if (other && now - r.sent < .5) update(me, now - r.sent, *other);
            end_round(me, true);
        } else if (Relay* relay = relay_of(me, s)) {
            relay->seq = -1;
            send(FORWARDED_ACK, me, relay->origin, relay->origin_seq, 0, 1300);
        }
    }
    void relay(int me, const Event& e) {
        int s = ++seq[me];
        relays[(size_t)me * RELAYS + (s & (RELAYS - 1))] = {s, e.src, e.a};
        send(PING, me, e.b, s, 0, 1330);
        event(now + .5, me, RELAY_TIMER, 0, s, 0);
    }
    // ---- joining by push/pull
    void begin(int me) {
        up[me] = 1;
        start[me] = now;
        insert(me, me);
        view[pair(me, me)] = 4;
        tell(me, alive_of(me, 4));
        ltime[pair(me, me)] = 1;
        event(now + rng.random(), me, PROBE_TICK, 0, 0, 0);
    }
    i32 snapshot(int me) {
        i32 place = snapshots.size();
        if (unused_snapshots.empty()) {
            snapshots.push_back({});
        } else {
            place = unused_snapshots.back();
            unused_snapshots.pop_back();
        }
        auto& entries = snapshots[place];
        entries.clear();
        const u32* r = &ring[pair(me, 0)];
        for (int i = 0; i < known[me]; i++) entries.push_back({r[i], view[pair(me, r[i])]});
        return place;
    }
    void merge(int me, i32 place) {
        for (auto& [node, key] : snapshots[place]) {
            u32 k = (key & 3) == DEAD ? key - 1 : key;  // a death is heard as a suspicion
            if (k > view[pair(me, node)]) hear(me, k & 3 ? make({node, k, (u32)me}) : alive_of(node, k));
        }
        for (auto& entry : snapshots[place]) {
            u32& heard = ltime[pair(me, entry.first)];
            if (!heard) heard = 1;
        }
        unused_snapshots.push_back(place);
    }
    // ---- events
    void gossip(int me) {
        int out[3], got = pick(me, 3, me, SUSPECT, now - 30, out);
        gossip_due[me] = 0;
        for (int i = 0; i < got && has_news(me); i++) send(GOSSIP, me, out[i], 0, 0, 1398);
        if (has_news(me) && !gossip_due[me]) wake(me);
    }
    void on(const Event& e) {
        int me = e.node;
        Round& r = rounds[me];
        bool is_current = r.busy && r.seq == e.a;
        Coordinate other;
        if (e.load >= 0) {
            Load load;
            load.n = loads[e.load].n;
            memcpy(load.m, loads[e.load].m, load.n * sizeof(u32));
            memcpy(&other, loads[e.load].coordinate, sizeof(Coordinate));
            loads.release(e.load);
            delivered += load.n;
            hear_all(me, load.m, load.n);
        }
        switch (e.kind) {
            case PROBE_TICK:
                if (r.busy) r.tick_kept = true;
                else probe(me);
                event(now + 1, me, PROBE_TICK, 0, 0, 0);
                break;
            case GOSSIP_TICK: gossip(me); break;
            case ACK_TIMER: if (is_current) ask_others(me); break;
            case DEADLINE: if (is_current) end_round(me, r.tcp_answered); break;
            case SUSPICION_TIMER: suspicion_due(me, e.a); break;
            case RELAY_TIMER:
                if (Relay* relay = relay_of(me, e.a)) {
                    relay->seq = -1;
                    send(NACK, me, relay->origin, relay->origin_seq, 0, 1380);
                }
                break;
            case JOIN:
                begin(me);
                event(now + 3 * base(me, 0), 0, PP_REQUEST, me, snapshot(me), 0);
                break;
            case PP_REQUEST: {
                i32 answer = snapshot(0);
                merge(0, e.a);
                event(now + base(me, e.src), e.src, PP_REPLY, 0, answer, 0);
                break;
            }
            case PP_REPLY:
                merge(me, e.a);
                ltime[pair(me, me)] = ++clock[me];
                tell(me, make({(u32)me, clock[me] << 2 | INTENT, (u32)me}));
                break;
            case PING: send(ACK, me, e.src, e.a, 0, 1240); break;
            case ACK: ack(me, e.a, &other); break;
            case FORWARDED_ACK: ack(me, e.a, nullptr); break;
            case NACK: if (is_current) r.nacks++; break;
            case INDIRECT_PING: relay(me, e); break;
            case TCP_ACK: if (is_current) r.tcp_answered = true; break;
        }
    }
    void update(int me, double rtt, const Coordinate& o) {  // Vivaldi, as in Serf
        Coordinate& c = coordinates[me];
        double s = 0, u[8];
        rtt = std::max(rtt, 1e-6);
        for (int k = 0; k < 8; k++) {
            u[k] = c.v[k] - o.v[k];
            s += u[k] * u[k];
        }
        double mag = std::sqrt(s), distance = mag + c.height + o.height;
        double w = c.error / std::max(c.error + o.error, 1e-6);
        c.error = std::min(.25 * w * (std::fabs(distance - rtt) / rtt) + c.error * (1 - .25 * w), 1.5);
        double force = .25 * w * (rtt - distance);
        if (mag > 1e-6) {
            c.height = std::max((c.height + o.height) * force / mag + c.height, 10e-6);
        } else {
            s = 0;
            for (int k = 0; k < 8; k++) {
                u[k] = rng.random() - 0.5;
                s += u[k] * u[k];
            }
            mag = std::sqrt(s);
        }
        for (int k = 0; k < 8; k++) c.v[k] += u[k] * (force / mag);
    }
    void run_until(double end) {
        Key key;
        while (queue.pop(end, key)) {
            i32 place = key.id & 0xFFFFFF;
            Event e = events[place];
            events.release(place);
            now = key.t;
            if (up[e.node] || e.kind == JOIN) {
                counts[e.kind]++;
                on(e);
            } else if (e.load >= 0) {
                loads.release(e.load);
            }
        }
        now = end;
    }
};
