#include "protocol/mysql/packet.hpp"

namespace shardway::protocol::mysql {

void append_packets(std::string& out, std::uint8_t& sequence, Bytes payload) {
  for (;;) {
    const auto piece = payload.substr(0, kMaxPacketBytes);
    Writer writer(out);
    writer.le24(static_cast<std::uint32_t>(piece.size()));
    writer.u8(sequence++);
    writer.bytes(piece);
    payload.remove_prefix(piece.size());
    if (piece.size() < kMaxPacketBytes) return;
  }
}

}  // namespace shardway::protocol::mysql
