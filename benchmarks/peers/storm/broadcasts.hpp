// What members tell each other, and the transmit-limited queue in which it waits.
#pragma once
#include "engine.hpp"

enum { ALIVE, SUSPECT, DEAD, INTENT };  // the last two bits of a key
const int MOST = 48;                    // broadcasts in one datagram

struct Msg {
    u32 node, key, from;  // key: 4 * incarnation + state, or 4 * Lamport time + INTENT
};
struct Load {
    i32 n;
    u32 m[MOST];
    double coordinate[10];
};

// Every message that was ever told, and its size; queues and datagrams hold its place here.
static vector<Msg> table;
static vector<u16> sizes;
static i64 sent[4];

// A set of numbers, one bit each; pop gives the largest.
struct Lane {
    int size;
    vector<u64> words;
    i32 top = -1;
    u32 count = 0;
    void push(u32 k) {
        u32 i = k >> 6;
        if (i >= words.size()) words.resize(std::max<size_t>(2 * words.size(), i + 1), 0);
        words[i] |= 1ull << (k & 63);
        if ((i32)i > top) top = i;
        count++;
    }
    u32 pop() {
        while (!words[top]) top--;
        int bit = 63 - __builtin_clzll(words[top]);
        words[top] ^= 1ull << bit;
        count--;
        return (u32)top << 6 | bit;
    }
    void remove(u32 k) {
        words[k >> 6] ^= 1ull << (k & 63);
        count--;
    }
};

// What waits has a number, which stands for its age. Tiers by sends, in each lanes by size: least sent
// first, within that the longest that fits, within that the newest. `ids` says which message has a number,
// `tx` in which tier it is, `named` which number is about a member.
struct Queue {
    vector<vector<Lane>> tiers;
    vector<u32> named, ids;
    vector<u8> tx;
    i64 depth = 0;
    u32 number = 0;
    int least = 1 << 30;  // the shortest message so far
    Lane& lane(int tier, int size) {
        if ((int)tiers.size() <= tier) tiers.resize(tier + 1);
        auto& lanes = tiers[tier];
        int at = lanes.size();
        while (at > 0) {
            if (lanes[at - 1].size == size) return lanes[at - 1];
            if (lanes[at - 1].size < size) break;
            at--;
        }
        Lane made;
        made.size = size;
        return *lanes.insert(lanes.begin() + at, made);
    }
    void put(u32 id, int nodes, bool is_named) {
        if (!depth) number = 0;
        number++;
        least = std::min(least, (int)sizes[id]);
        if (number >= ids.size()) {
            ids.resize(std::max<size_t>(64, 2 * ids.size()));
            tx.resize(ids.size());
        }
        if (is_named) {
            if (named.empty()) named.assign(nodes, 0);
            u32& old = named[table[id].node];
            if (old) {
                lane(tx[old], sizes[ids[old]]).remove(old);
                depth--;
            }
            old = number;
        }
        depth++;
        ids[number] = id;
        tx[number] = 0;
        lane(0, sizes[id]).push(number);
    }
    int take(int limit, int room, Load& load, bool is_named) {
        int used = 0, c = 0;
        struct {
            u32 k;
            u16 tier, size;
        } aside[MOST];
        for (int t = 0; t < (int)tiers.size() && least + 2 <= room - used;) {
            Lane* lane = nullptr;
            auto& lanes = tiers[t];
            for (int i = (int)lanes.size() - 1; i >= 0 && !lane; i--)
                if (lanes[i].count && lanes[i].size + 2 <= room - used) lane = &lanes[i];
            if (!lane || load.n >= MOST) {
                t++;
                continue;
            }
            do {
                u32 k = lane->pop(), id = ids[k];
                load.m[load.n++] = id;
                used += lane->size + 2;
                sent[table[id].key & 3]++;
                if (t + 1 >= limit) {
                    if (is_named) named[table[id].node] = 0;
                    depth--;
                } else {
                    aside[c++] = {k, (u16)(t + 1), (u16)lane->size};
                }
            } while (lane->count && lane->size + 2 <= room - used && load.n < MOST);
        }
        for (int i = 0; i < c; i++) {
            lane(aside[i].tier, aside[i].size).push(aside[i].k);
            tx[aside[i].k] = aside[i].tier;
        }
        return used;
    }
};
