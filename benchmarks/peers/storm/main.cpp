// A small memberlist and Serf in C++, to measure storms against: storm KIND NODES SECONDS SEED
//
// KIND is one of the cases of benchmarks/measure.py: join, stormy, storm, zone, idle. It sends about as many
// broadcasts as serfsim in the same case (docs/benchmarks.md has the counts), so that CPU time compares.
// Done as memberlist does it: gossip every 0.2 s to 3 members and to the newly dead, the order and the limits
// of the broadcast queue, packets of 1400 bytes, probes with helpers, nacks and TCP, health score,
// suspicions with confirmations, the ping that tells a suspect, refutation, push/pull on join, Serf's join
// intents, Vivaldi. Left out: push/pull later on (among a hundred members or more none falls due within a
// minute), reconnecting, versions, tags, the encoding of messages, and everything that is recorded.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "cluster.hpp"

void start_converged(Cluster& c) {
    int n = c.n;
    for (int i = 0; i < n; i++) {
        c.up[i] = 1;
        c.known[i] = n;
        c.start[i] = -0.2 * c.rng.random();
        c.event(c.rng.random(), i, PROBE_TICK, 0, 0, 0);
        for (int j = 0; j < n; j++) {
            c.view[c.pair(i, j)] = 4;
            c.ring[c.pair(i, j)] = j;
            c.ltime[c.pair(i, j)] = 1;
        }
        u32* ring = &c.ring[c.pair(i, 0)];
        for (int j = n - 1; j > 0; j--) std::swap(ring[j], ring[c.rng.below(j + 1)]);
    }
}

void crash(Cluster& c, int share) {
    for (int left = std::max(1, c.n / share); left > 0;) {
        u8& up = c.up[c.rng.below(c.n)];
        left -= up;
        up = 0;
    }
}

int main(int argc, char** argv) {
    if (argc != 5) return fprintf(stderr, "usage: storm join|stormy|storm|zone|idle NODES SECONDS SEED\n"), 2;
    std::string kind = argv[1];
    int n = atoi(argv[2]);
    double seconds = atof(argv[3]);
    Cluster c(n, atoi(argv[4]));
    if (kind == "join") {
        c.begin(0);
        for (int i = 1; i < n; i++) c.event(10, i, JOIN, 0, 0, 0);
    } else {
        start_converged(c);
    }
    if (kind == "stormy") c.loss = 0.2, c.tcp_blocked = true;
    if (kind == "storm") c.loss = 0.3;
    c.run_until(std::min(5.0, seconds));
    if (kind == "stormy") crash(c, 50);
    if (kind == "storm") crash(c, 20);
    if (kind == "zone") {
        c.cut = true;
        c.run_until(std::min(45.0, seconds));
        c.cut = false;
    }
    c.run_until(seconds);

    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec;
    cpu += 1e-6 * (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    i64 events = 0;
    for (i64 count : c.counts) events += count;
    printf("{\"kind\": \"%s\", \"nodes\": %d, \"simulated_s\": %g, ", kind.c_str(), n, seconds);
    printf("\"events\": %ld, \"delivered\": %ld, \"useful\": %ld, ", events, c.delivered, c.useful);
    printf("\"sent\": {\"alive\": %ld, \"suspect\": %ld, \"dead\": %ld, \"join_intent\": %ld}, ", sent[ALIVE],
           sent[SUSPECT], sent[DEAD], sent[INTENT]);
    printf("\"false_suspicions\": %ld, \"refutations\": %ld, \"dead_pairs\": %ld, ", c.false_suspicions,
           c.refutations, c.dead_pairs);
    printf("\"cpu_s\": %.4f, \"peak_mib\": %.1f}\n", cpu, used.ru_maxrss / 1024.0);
}
