#include "proxy/mysql/own_error.hpp"

#include "protocol/mysql/fields.hpp"
#include "protocol/mysql/messages.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

struct Column {
  std::string_view name;
  std::uint8_t collation, type;
  std::uint32_t length;
  std::uint16_t flags;
  std::uint8_t decimals;
};

std::string definition(const Column& column, my::Capabilities capabilities) {
  std::string payload;
  protocol::Writer writer(payload);
  my::lenenc_bytes(writer, "def");
  for (int i = 0; i < 3; ++i) my::lenenc_bytes(writer, {});  // database, table, original table
  my::lenenc_bytes(writer, column.name);
  my::lenenc_bytes(writer, {});
  if ((capabilities & my::capability::kExtendedMetadata) != 0) my::lenenc_bytes(writer, {});
  writer.u8(0x0c);
  writer.le16(column.collation);
  writer.le32(column.length);
  writer.u8(column.type);
  writer.le16(column.flags);
  writer.u8(column.decimals);
  writer.le16(0);
  return payload;
}

std::string row(std::uint16_t code, std::string_view message) {
  std::string payload;
  protocol::Writer writer(payload);
  my::lenenc_bytes(writer, "Error");
  my::lenenc_bytes(writer, std::to_string(code));
  my::lenenc_bytes(writer, message);
  return payload;
}

std::string end() {
  my::Ok ok;
  ok.header = 0xfe;
  std::string packet;
  std::uint8_t sequence = 0;
  my::encode(packet, sequence, ok, my::capability::kDeprecateEof | my::capability::kSessionTrack);
  return packet.substr(my::kHeadBytes);
}

}  // namespace

Diagnostics diagnostics_of(std::uint16_t code, std::string_view message, std::uint8_t collation,
                           my::Capabilities capabilities) {
  constexpr std::uint8_t kText = 0xfd, kNumber = 0x03, kBinary = 63, kAnyDecimals = 0x27;
  constexpr std::uint32_t kBytesEach = 4;  // of a character
  Diagnostics told;
  told.is_complete = true;
  told.payloads = {std::string(1, '\x03'),
                   definition({"Level", collation, kText, 7 * kBytesEach, 0x01, kAnyDecimals}, capabilities),
                   definition({"Code", kBinary, kNumber, 4, 0xa1, 0}, capabilities),
                   definition({"Message", collation, kText, 512 * kBytesEach, 0x01, kAnyDecimals}, capabilities),
                   row(code, message),
                   end()};
  return told;
}

}  // namespace shardway::proxy::mysql
