// What the tests of MySQL's messages share: packets as hexadecimal digits, the payload of a packet, cuts at every
// length.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

inline std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return bytes;
}

// The payload of the only packet.
inline Bytes payload_of(const std::string& packet) {
  PacketHead head;
  EXPECT_TRUE(peek_head(packet, head));
  EXPECT_EQ(head.size(), packet.size());
  return Bytes(packet).substr(kHeadBytes);
}

// encode() as one packet, the first of its command.
template <class Message, class... More>
std::string packet(const Message& message, More... more) {
  std::string out;
  std::uint8_t sequence = 0;
  encode(out, sequence, message, more...);
  EXPECT_EQ(sequence, 1);
  return out;
}

template <class Decode>
void refuses_every_cut(Bytes payload, Decode decode, std::size_t shortest_whole) {
  for (std::size_t size = 0; size < shortest_whole; ++size)
    EXPECT_FALSE(decode(payload.substr(0, size))) << "cut at " << size;
}

}  // namespace shardway::protocol::mysql
