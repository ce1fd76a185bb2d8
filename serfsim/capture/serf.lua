-- Wireshark dissector for memberlist and Serf, datagrams and streams on port 7946.
--
-- Install: copy it into Wireshark's folder of personal Lua plugins (Help > About > Folders), or
-- tshark -X lua_script:serf.lua -r capture.pcapng -Y memberlist
--
-- Labels, checksums, compression (LZW) and compound messages are unwrapped; encrypted bodies are shown as such.
-- Message bodies are msgpack maps: every entry becomes an item, and the common ones are fields to filter by.

local memberlist = Proto("memberlist", "HashiCorp memberlist")
local serf = Proto("serf_gossip", "HashiCorp Serf")

local TYPES = {
  [0] = "ping", "indirect ping", "ack", "suspect", "alive", "dead", "push/pull", "compound", "user", "compressed",
  "encrypted", "nack", "checksum", "error", [244] = "label",
}
local SERF_TYPES = {
  [0] = "leave", "join", "push/pull", "user event", "query", "query response", "conflict response", "key request",
  "key response", "relay",
}
local PING, COMPOUND, USER, COMPRESSED, ENCRYPTED, CHECKSUM, LABEL = 0, 7, 8, 9, 10, 12, 244
local PUSH_PULL, RELAY = 6, 9

local f = memberlist.fields
f.type = ProtoField.uint8("memberlist.type", "Type", base.DEC, TYPES)
f.sequence = ProtoField.uint32("memberlist.seq", "Sequence number")
f.node = ProtoField.string("memberlist.node", "Node")
f.from = ProtoField.string("memberlist.from", "From")
f.source_node = ProtoField.string("memberlist.source_node", "Source node")
f.target = ProtoField.string("memberlist.target", "Target")
f.incarnation = ProtoField.uint32("memberlist.incarnation", "Incarnation")
f.label = ProtoField.string("memberlist.label", "Label")
f.checksum = ProtoField.uint32("memberlist.crc", "CRC-32", base.HEX)
f.encryption = ProtoField.uint8("memberlist.encryption_version", "Encryption version")
local g = serf.fields
g.type = ProtoField.uint8("serf_gossip.type", "Type", base.DEC, SERF_TYPES)
g.ltime = ProtoField.uint64("serf_gossip.ltime", "Lamport time")
g.name = ProtoField.string("serf_gossip.name", "Name")
g.node = ProtoField.string("serf_gossip.node", "Node")
g.from = ProtoField.string("serf_gossip.from", "From")
g.id = ProtoField.uint32("serf_gossip.id", "Query")

local MEMBERLIST_FIELDS = {
  SeqNo = f.sequence, Node = f.node, From = f.from, SourceNode = f.source_node, Target = f.target,
  Incarnation = f.incarnation, Name = f.node,
}
local SERF_FIELDS = { LTime = g.ltime, Name = g.name, Node = g.node, From = g.from, ID = g.id }

local malformed = ProtoExpert.new("memberlist.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
memberlist.experts = { malformed }

-- msgpack -------------------------------------------------------------------------------------------------------

local read_value

local function read_entries(data, at, count, keyed)
  local items = {}
  for _ = 1, count do
    local key, value
    local start = at
    if keyed then key, at = read_value(data, at) end
    value, at = read_value(data, at)
    items[#items + 1] = { key = key and key.text or "", value = value, start = start, stop = at }
  end
  return items, at
end

local function number_at(data, at, size) return data(at, size):uint64():tonumber() end

local function text_at(data, at, size)
  return { text = size > 0 and data(at, size):string() or "", raw = size > 0 and data(at, size) or nil }, at + size
end

-- The value at `at`, which has a text and perhaps items, and where the next one begins.
function read_value(data, at)
  local b = data(at, 1):uint()
  if b < 0x80 then return { text = tostring(b), number = b }, at + 1 end
  if b < 0x90 then
    local items, stop = read_entries(data, at + 1, b - 0x80, true)
    return { text = "", items = items }, stop
  end
  if b < 0xa0 then
    local items, stop = read_entries(data, at + 1, b - 0x90, false)
    return { text = "", items = items }, stop
  end
  if b < 0xc0 then return text_at(data, at + 1, b - 0xa0) end
  if b >= 0xe0 then return { text = tostring(b - 256), number = b - 256 }, at + 1 end
  if b == 0xc0 then return { text = "nil" }, at + 1 end
  if b == 0xc2 or b == 0xc3 then return { text = tostring(b == 0xc3) }, at + 1 end
  if b == 0xca then return { text = tostring(data(at + 1, 4):float()) }, at + 5 end
  if b == 0xcb then return { text = tostring(data(at + 1, 8):float()) }, at + 9 end
  if b >= 0xcc and b <= 0xcf then
    local size = 2 ^ (b - 0xcc)
    local number = number_at(data, at + 1, size)
    return { text = tostring(data(at + 1, size):uint64()), number = number }, at + 1 + size
  end
  if b >= 0xd0 and b <= 0xd3 then
    local size = 2 ^ (b - 0xd0)
    local whole = data(at + 1, size):int64()
    return { text = tostring(whole), number = whole:tonumber() }, at + 1 + size
  end
  local head = { [0xc4] = 1, [0xc5] = 2, [0xc6] = 4, [0xd9] = 1, [0xda] = 2, [0xdb] = 4 }
  if head[b] then return text_at(data, at + 1 + head[b], data(at + 1, head[b]):uint()) end
  local many = { [0xdc] = 2, [0xdd] = 4, [0xde] = 2, [0xdf] = 4 }
  if many[b] then
    local count = data(at + 1, many[b]):uint()
    local items, stop = read_entries(data, at + 1 + many[b], count, b >= 0xde)
    return { text = "", items = items }, stop
  end
  error("no msgpack value begins with byte " .. b)
end

local function printable(value)
  local raw = value.raw
  if raw and (raw:len() == 4 or raw:len() == 16) and value.text:find("[^%g ]") then
    return raw:len() == 4 and tostring(raw:ipv4()) or tostring(raw:ipv6())
  end
  if raw and value.text:find("[^%g ]") then return raw:bytes():tohex() end
  return value.text
end

local function add_items(tree, data, items, fields)
  for _, item in ipairs(items) do
    local range = data(item.start, item.stop - item.start)
    local field = fields[item.key]
    local name = item.key ~= "" and item.key or "Item"
    if item.value.items then
      local inner = tree:add(range, string.format("%s (%d)", name, #item.value.items))
      add_items(inner, data, item.value.items, {})
    elseif field == g.ltime then
      tree:add(field, range, UInt64.new(item.value.number or 0), nil, "(" .. name .. ")")
    elseif field and item.value.number then
      tree:add(field, range, item.value.number):append_text(" (" .. name .. ")")
    elseif field then
      tree:add(field, range, item.value.text)
    else
      tree:add(range, name .. ": " .. printable(item.value))
    end
  end
end

local function find(items, key)
  for _, item in ipairs(items or {}) do
    if item.key == key then return item.value.text end
  end
end

-- LZW, least significant bit first, 8-bit literals, as Go's compress/lzw writes it ------------------------------

local CLEAR, END = 256, 257

local function decompressed(range)
  local bytes = range:bytes()
  local out, table_, width, overflow, high, last = {}, {}, 9, 512, END, nil
  local pool, count = 0, 0
  for i = 0, bytes:len() - 1 do
    pool = pool + bytes:get_index(i) * 2 ^ count
    count = count + 8
    while count >= width do
      local code = pool % 2 ^ width
      pool = math.floor(pool / 2 ^ width)
      count = count - width
      if code == END then return ByteArray.new(table.concat(out), true) end
      if code == CLEAR then
        table_, width, overflow, high, last = {}, 9, 512, END, nil
      else
        local entry = code < 256 and string.char(code) or table_[code]
        if not entry then
          if code ~= high or not last then error("LZW: invalid code") end
          entry = last .. last:sub(1, 1)
        end
        out[#out + 1] = entry
        if last then table_[high] = last .. entry:sub(1, 1) end
        last = entry
        high = high + 1
        if high >= overflow then
          if width == 12 then
            last, high = nil, high - 1
          else
            width, overflow = width + 1, overflow * 2
          end
        end
      end
    end
  end
  error("LZW: unexpected end")
end

-- Messages ------------------------------------------------------------------------------------------------------

local dissect_message

local function note(pinfo, text)
  local info = tostring(pinfo.cols.info)
  if not pinfo.private["memberlist"] then
    pinfo.private["memberlist"] = "yes"
    pinfo.cols.info = text
  elseif #info < 200 then
    pinfo.cols.info:append(", " .. text)
  end
end

local function summary(name, items)
  local about = find(items, "Node") or find(items, "Target") or find(items, "Name")
  local sequence = find(items, "SeqNo")
  return name .. (about and " " .. about or "") .. (sequence and " #" .. sequence or "")
end

local function dissect_serf(data, pinfo, tree)
  local kind = data(0, 1):uint()
  local name = SERF_TYPES[kind] or "type " .. kind
  local branch = tree:add(serf, data, "Serf " .. name)
  branch:add(g.type, data(0, 1))
  local value, stop = read_value(data, 1)
  add_items(branch, data, value.items or {}, SERF_FIELDS)
  note(pinfo, "serf " .. summary(name, value.items))
  if kind == RELAY and stop < data:len() then
    dissect_serf(data(stop):tvb():range(), pinfo, branch)
  end
end

-- A message of memberlist's own, its type in the first byte.
local function dissect_plain(data, pinfo, tree, kind)
  local name = TYPES[kind]
  local branch = tree:add(data, "Message: " .. name)
  branch:add(f.type, data(0, 1))
  local value, stop = read_value(data, 1)
  add_items(branch, data, value.items or {}, MEMBERLIST_FIELDS)
  note(pinfo, summary(name, value.items))
  if kind ~= PUSH_PULL then return end
  local nodes = tonumber(find(value.items, "Nodes")) or 0
  local states = branch:add(data(stop), string.format("States (%d)", nodes))
  for _ = 1, nodes do
    local start, state = stop, nil
    state, stop = read_value(data, stop)
    local one = states:add(data(start, stop - start), find(state.items, "Name") or "state")
    add_items(one, data, state.items or {}, MEMBERLIST_FIELDS)
  end
  local size = tonumber(find(value.items, "UserStateLen")) or 0
  if size > 0 then dissect_serf(data(stop, size):tvb():range(), pinfo, branch) end
end

local function dissect_compound(data, pinfo, tree)
  local count = data(1, 1):uint()
  local branch = tree:add(data, string.format("Compound of %d", count))
  branch:add(f.type, data(0, 1))
  local at = 2 + 2 * count
  for i = 0, count - 1 do
    local size = data(2 + 2 * i, 2):uint()
    if at + size > data:len() then error("a part is cut short") end
    dissect_message(data(at, size):tvb():range(), pinfo, branch)
    at = at + size
  end
end

function dissect_message(data, pinfo, tree)
  local kind = data(0, 1):uint()
  if kind == LABEL then
    local size = data(1, 1):uint()
    tree:add(f.label, data(2, size))
    dissect_message(data(2 + size):tvb():range(), pinfo, tree)
  elseif kind == CHECKSUM then
    tree:add(f.checksum, data(1, 4))
    dissect_message(data(5):tvb():range(), pinfo, tree)
  elseif kind == COMPRESSED then
    local value = read_value(data, 1)
    for _, item in ipairs(value.items or {}) do
      if item.key == "Buf" then
        local whole = decompressed(item.value.raw):tvb("Decompressed")
        local branch = tree:add(data, string.format("Compressed: %d bytes from %d", whole:len(), data:len()))
        branch:add(f.type, data(0, 1))
        dissect_message(whole:range(), pinfo, branch)
      end
    end
  elseif kind == COMPOUND then
    dissect_compound(data, pinfo, tree)
  elseif kind == USER then
    dissect_serf(data(1):tvb():range(), pinfo, tree)
  elseif TYPES[kind] and kind ~= ENCRYPTED then
    dissect_plain(data, pinfo, tree, kind)
  else
    error("unknown type " .. kind)
  end
end

-- Does a datagram look encrypted? Version 0 or 1, a nonce and a tag, and no message that reads to its end. -----

local function reads_to_its_end(data)
  local good, _, stop = pcall(read_value, data, 1)
  return good and stop == data:len()
end

local function is_sealed(data)
  local version = data(0, 1):uint()
  return version <= 1 and data:len() >= 29 and not reads_to_its_end(data)
end

local function attempt(tvb, pinfo, tree, dissect)
  local good, problem = pcall(dissect)
  if not good then
    note(pinfo, "malformed")
    tree:add_proto_expert_info(malformed, tostring(problem))
  end
end

-- A stream is one request and one answer, each a message. Only an encrypted one says how long it is; of any other
-- more is asked for while it cannot be read to its end.
local function dissect_stream(tvb, pinfo, root)
  local data = tvb():tvb():range()
  local kind = data(0, 1):uint()
  if kind == ENCRYPTED then
    if data:len() < 5 or data(1, 4):uint() + 5 > data:len() then
      pinfo.desegment_len = data:len() < 5 and DESEGMENT_ONE_MORE_SEGMENT or data(1, 4):uint() + 5 - data:len()
      pinfo.desegment_offset = 0
      return tvb:len()
    end
    root:add(f.type, tvb(0, 1))
    root:add(f.encryption, tvb(5, 1))
    note(pinfo, "encrypted")
    return tvb:len()
  end
  local whole = pcall(function()
    if kind == USER then
      local head, stop = read_value(data, 1)
      local size = tonumber(find(head.items, "UserMsgLen")) or 0
      return data(stop, size)
    end
    local value, stop = read_value(data, 1)
    if kind == PUSH_PULL then
      for _ = 1, tonumber(find(value.items, "Nodes")) or 0 do _, stop = read_value(data, stop) end
      local size = tonumber(find(value.items, "UserStateLen")) or 0
      if size > 0 then return data(stop, size) end
    end
  end)
  if not whole and pinfo.can_desegment > 0 then
    pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
    pinfo.desegment_offset = 0
    return tvb:len()
  end
  attempt(tvb, pinfo, root, function()
    if kind == USER then
      local head, stop = read_value(data, 1)
      dissect_serf(data(stop, tonumber(find(head.items, "UserMsgLen")) or 0):tvb():range(), pinfo, root)
    else
      dissect_message(data, pinfo, root)
    end
  end)
  return tvb:len()
end

function memberlist.dissector(tvb, pinfo, tree)
  if tvb:len() == 0 then return 0 end
  pinfo.cols.protocol = "memberlist"
  local root = tree:add(memberlist, tvb())
  local data = tvb():tvb():range()
  local is_stream = pinfo.port_type == 2 -- TCP
  if is_stream then return dissect_stream(tvb, pinfo, root) end
  if is_sealed(data) then
    root:add(f.encryption, tvb(0, 1))
    note(pinfo, "encrypted")
  else
    attempt(tvb, pinfo, root, function() dissect_message(data, pinfo, root) end)
  end
  return tvb:len()
end

DissectorTable.get("udp.port"):add(7946, memberlist)
DissectorTable.get("tcp.port"):add(7946, memberlist)
