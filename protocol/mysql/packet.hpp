// A packet is what MySQL frames its payloads in: a length of three bytes, a sequence number, the bytes. A payload of
// 0xffffff bytes or more goes on in the next packet; one of an exact multiple ends with an empty packet. The numbers
// count from 0 at each command, over both directions, and wrap at 256.
// https://mariadb.com/kb/en/0-packet/
#pragma once

#include <cstdint>

#include "protocol/common/bytes.hpp"

namespace shardway::protocol::mysql {

inline constexpr std::size_t kHeadBytes = 4;
inline constexpr std::uint32_t kMaxPacketBytes = 0xffffff;  // of a payload in one packet

struct PacketHead {
  std::uint32_t length = 0;  // of the payload in this packet
  std::uint8_t sequence = 0;
  std::size_t size() const noexcept { return kHeadBytes + length; }    // with the head
  bool goes_on() const noexcept { return length == kMaxPacketBytes; }  // the next packet holds more of the payload
};

// False: the head is not complete yet.
inline bool peek_head(Bytes bytes, PacketHead& head) noexcept {
  if (bytes.size() < kHeadBytes) return false;
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])); };
  head.length = at(0) | at(1) << 8 | at(2) << 16;
  head.sequence = static_cast<std::uint8_t>(bytes[3]);
  return true;
}

// Appends the payload as one packet or several; `sequence` is the first one's number, and then the next one's.
void append_packets(std::string& out, std::uint8_t& sequence, Bytes payload);

// Appends one packet whose payload `write(Writer&)` makes; it must stay below kMaxPacketBytes.
template <class Write>
void append_packet(std::string& out, std::uint8_t& sequence, Write write) {
  const auto at = out.size();
  out.append(kHeadBytes, '\0');
  Writer writer(out);
  write(writer);
  const auto length = static_cast<std::uint32_t>(out.size() - at - kHeadBytes);
  for (std::size_t i = 0; i < 3; ++i) out[at + i] = static_cast<char>(length >> (8 * i) & 0xff);
  out[at + 3] = static_cast<char>(sequence++);
}

}  // namespace shardway::protocol::mysql
