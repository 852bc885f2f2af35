// A frame is one message of protocol 3: a type byte, a length that counts itself, a body.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
// Startup packets have no type byte; see startup.hpp.
#pragma once

#include <cstdint>

#include "protocol/common/bytes.hpp"

namespace shardway::protocol::postgres {

inline constexpr std::size_t kHeadBytes = 5;
inline constexpr std::uint32_t kMaxLength = 0x3fffffffU + 4;  // the server's own bound: 1 GiB - 1 of body

struct FrameHead {
  char type = 0;
  std::uint32_t length = 0;                                              // as on the wire: body + 4
  std::size_t size() const noexcept { return std::size_t{length} + 1; }  // the whole frame
  std::size_t body_size() const noexcept { return std::size_t{length} - 4; }
};

enum class HeadState : std::uint8_t { kNeedMore, kOk, kBad };

// Reads the head at the front of `bytes`. kBad: a length no message can have (below 4, or over kMaxLength).
inline HeadState peek_head(Bytes bytes, FrameHead& head) noexcept {
  if (bytes.size() < kHeadBytes) return HeadState::kNeedMore;
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])); };
  head.type = bytes[0];
  head.length = at(1) << 24 | at(2) << 16 | at(3) << 8 | at(4);
  return head.length < 4 || head.length > kMaxLength ? HeadState::kBad : HeadState::kOk;
}

// The body of a complete frame at the front of `bytes`.
inline Bytes body_of(Bytes bytes, const FrameHead& head) noexcept { return bytes.substr(kHeadBytes, head.body_size()); }

}  // namespace shardway::protocol::postgres
