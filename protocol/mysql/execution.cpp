#include "protocol/mysql/execution.hpp"

#include "protocol/mysql/fields.hpp"
#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

namespace {

constexpr std::size_t kFixedBytes = 1 + 4 + 1 + 4;  // command, statement, flags, iterations
constexpr std::uint8_t kVarString = 0xfd;

// Bytes of a value of this type; nothing: its length stands before it.
std::optional<std::size_t> size_of(std::uint8_t type) noexcept {
  switch (type) {
    case 0x06: return 0;  // NULL
    case 0x01: return 1;  // TINY
    case 0x02:
    case 0x0d: return 2;  // SHORT, YEAR
    case 0x03:
    case 0x04:
    case 0x09: return 4;  // LONG, FLOAT, INT24
    case 0x05:
    case 0x08: return 8;           // DOUBLE, LONGLONG
    default: return std::nullopt;  // texts, blobs, decimals; times have one byte of length
  }
}

}  // namespace

std::optional<Bytes> binary_value(Reader& reader, std::uint32_t type) noexcept {
  const auto size = size_of(static_cast<std::uint8_t>(type & 0xff));
  return size ? reader.bytes(*size) : lenenc_bytes(reader);
}

Result<Execution> decode_execution(Bytes payload, std::size_t parameters) {
  Execution execution;
  if (parameters == 0) return execution;
  Reader reader(payload);
  const auto fixed = reader.bytes(kFixedBytes);
  const auto nulls = fixed ? reader.bytes((parameters + 7) / 8) : std::nullopt;
  const auto typed = nulls ? reader.u8() : std::nullopt;
  if (!typed) return WireError::kTruncated;
  if (*typed != 1) return WireError::kUnexpected;
  for (std::size_t i = 0; i < parameters; ++i) {
    const auto type = reader.le16();
    if (!type) return WireError::kTruncated;
    execution.types.push_back(*type);
  }
  for (std::size_t i = 0; i < parameters; ++i) {
    const bool is_null = (static_cast<std::uint8_t>((*nulls)[i / 8]) >> (i % 8) & 1) != 0;
    auto& value = execution.values.emplace_back();
    if (is_null) continue;
    value = binary_value(reader, execution.types[i]);
    if (!value) return WireError::kTruncated;
  }
  return execution;
}

namespace {

struct Column {
  std::string_view name;
  std::uint8_t type = kVarString;
  std::uint16_t collation = kUtf8mb4, flags = 0;
  std::uint32_t length = 1024;
};

void encode_rows(std::string& out, std::uint8_t& sequence, const Column& column, const std::vector<std::string>& values,
                 std::uint16_t status, Capabilities capabilities) {
  const bool of_old = (capabilities & capability::kDeprecateEof) == 0;
  append_packet(out, sequence, [](Writer& writer) { writer.u8(1); });
  append_packet(out, sequence, [&](Writer& writer) {
    lenenc_bytes(writer, "def");
    for (int i = 0; i < 3; ++i) lenenc_bytes(writer, {});  // database, table, original table
    lenenc_bytes(writer, column.name);
    lenenc_bytes(writer, {});
    if ((capabilities & capability::kExtendedMetadata) != 0) lenenc_bytes(writer, {});
    writer.u8(0x0c);
    writer.le16(column.collation);
    writer.le32(column.length);
    writer.u8(column.type);
    writer.le16(column.flags);
    writer.u8(0);
    writer.le16(0);
  });
  if (of_old) encode(out, sequence, Eof{0, status});
  for (const auto& value : values) append_packet(out, sequence, [&](Writer& writer) { lenenc_bytes(writer, value); });
  if (of_old) return encode(out, sequence, Eof{0, status});
  Ok end;
  end.header = 0xfe;
  end.status = status;
  encode(out, sequence, end, capabilities);
}

}  // namespace

void encode_number(std::string& out, std::uint8_t& sequence, const NumberColumn& column, std::int64_t value,
                   std::uint16_t status, Capabilities capabilities) {
  constexpr std::uint16_t kBinaryCollation = 63;
  encode_rows(out, sequence, {column.name, column.type, kBinaryCollation, column.flags, column.length},
              {std::to_string(value)}, status, capabilities);
}

void encode_column(std::string& out, std::uint8_t& sequence, std::string_view name,
                   const std::vector<std::string>& values, std::uint16_t status, Capabilities capabilities) {
  encode_rows(out, sequence, {name}, values, status, capabilities);
}

}  // namespace shardway::protocol::mysql
