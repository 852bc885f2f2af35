// OK, ERR, EOF, and what an OK tells of the session. https://mariadb.com/kb/en/ok_packet/
// https://mariadb.com/kb/en/err_packet/
#include "protocol/mysql/fields.hpp"
#include "protocol/mysql/messages.hpp"

namespace shardway::protocol::mysql {

namespace {

constexpr std::uint8_t kErr = 0xff, kEof = 0xfe;
constexpr std::size_t kSqlstateBytes = 5;

}  // namespace

// The info has its length on every connection, though the documentation has it so with kSessionTrack alone.
Result<Ok> decode_ok(Bytes payload, Capabilities capabilities) {
  Reader reader(payload);
  Ok ok;
  const auto header = reader.u8();
  const auto affected = header ? lenenc(reader) : std::nullopt;
  const auto insert_id = affected ? lenenc(reader) : std::nullopt;
  const auto state = reader.le16();
  const auto warnings = reader.le16();
  if (!insert_id || !state || !warnings) return WireError::kTruncated;
  if (*header != 0x00 && *header != kEof) return WireError::kUnexpected;
  ok.header = *header;
  ok.affected_rows = *affected;
  ok.insert_id = *insert_id;
  ok.status = *state;
  ok.warnings = *warnings;
  if (reader.at_end()) return ok;
  const auto info = lenenc_bytes(reader);
  if (!info) return WireError::kTruncated;
  ok.info = *info;
  if (!has(capabilities, capability::kSessionTrack)) return ok;
  if (!has(ok.status, status::kSessionStateChanged) || reader.at_end()) return ok;
  const auto tracked = lenenc_bytes(reader);
  if (!tracked) return WireError::kTruncated;
  ok.tracked = *tracked;
  return ok;
}

void encode(std::string& out, std::uint8_t& sequence, const Ok& ok, Capabilities capabilities) {
  append_packet(out, sequence, [&](Writer& writer) {
    writer.u8(ok.header);
    lenenc(writer, ok.affected_rows);
    lenenc(writer, ok.insert_id);
    const bool tracks = has(capabilities, capability::kSessionTrack);
    const bool tells = tracks && !ok.tracked.empty();
    const auto state = tells ? ok.status | status::kSessionStateChanged : ok.status & ~status::kSessionStateChanged;
    writer.le16(static_cast<std::uint16_t>(state));
    writer.le16(ok.warnings);
    if (tells || !ok.info.empty()) lenenc_bytes(writer, ok.info);
    if (tells) lenenc_bytes(writer, ok.tracked);
  });
}

Result<std::vector<TrackedItem>> decode_tracked(Bytes tracked) {
  Reader reader(tracked);
  std::vector<TrackedItem> items;
  while (!reader.at_end()) {
    const auto kind = reader.u8();
    const auto data = lenenc_bytes(reader);
    if (!data) return WireError::kTruncated;
    items.push_back({static_cast<Tracked>(*kind), *data});
  }
  return items;
}

Result<std::vector<std::pair<std::string_view, std::string_view>>> decode_system_variables(Bytes data) {
  Reader reader(data);
  std::vector<std::pair<std::string_view, std::string_view>> variables;
  while (!reader.at_end()) {
    const auto name = lenenc_bytes(reader);
    const auto value = name ? lenenc_bytes(reader) : std::nullopt;
    if (!value) return WireError::kTruncated;
    variables.emplace_back(*name, *value);
  }
  return variables;
}

Result<std::string_view> decode_tracked_string(Bytes data) {
  Reader reader(data);
  const auto text = lenenc_bytes(reader);
  if (!text) return WireError::kTruncated;
  return *text;
}

Result<Err> decode_err(Bytes payload) {
  Reader reader(payload);
  const auto header = reader.u8();
  const auto code = reader.le16();
  if (!header || !code) return WireError::kTruncated;
  if (*header != kErr) return WireError::kUnexpected;
  Err err;
  err.code = *code;
  if (reader.rest().substr(0, 1) == "#" && reader.rest().size() > kSqlstateBytes) {
    err.sqlstate = reader.bytes(1 + kSqlstateBytes)->substr(1);
  }
  err.message = reader.rest();
  return err;
}

void encode(std::string& out, std::uint8_t& sequence, const Err& err) {
  constexpr std::size_t kLongestMessage = 512;  // MYSQL_ERRMSG_SIZE
  append_packet(out, sequence, [&](Writer& writer) {
    writer.u8(kErr);
    writer.le16(err.code);
    if (!err.sqlstate.empty()) {
      writer.u8('#');
      writer.bytes(err.sqlstate.substr(0, kSqlstateBytes));
    }
    writer.bytes(err.message.substr(0, kLongestMessage));
  });
}

Result<Eof> decode_eof(Bytes payload) {
  Reader reader(payload);
  const auto header = reader.u8();
  const auto warnings = reader.le16();
  const auto state = reader.le16();
  if (!header || !warnings || !state) return WireError::kTruncated;
  if (*header != kEof) return WireError::kUnexpected;
  if (!reader.at_end()) return WireError::kTrailingBytes;
  return Eof{*warnings, *state};
}

void encode(std::string& out, std::uint8_t& sequence, const Eof& eof) {
  append_packet(out, sequence, [&](Writer& writer) {
    writer.u8(kEof);
    writer.le16(eof.warnings);
    writer.le16(eof.status);
  });
}

Result<PrepareOk> decode_prepare_ok(Bytes payload) {
  Reader reader(payload);
  const auto header = reader.u8();
  const auto statement = reader.le32();
  const auto columns = reader.le16();
  const auto parameters = reader.le16();
  if (!header || !statement || !columns || !parameters) return WireError::kTruncated;
  if (*header != 0x00) return WireError::kUnexpected;
  PrepareOk ok{*statement, *columns, *parameters, 0};
  reader.u8();
  if (const auto warnings = reader.le16()) ok.warnings = *warnings;
  return ok;
}

void encode_command(std::string& out, Command command, Bytes argument) {
  std::string payload(1, static_cast<char>(command));
  payload += argument;
  std::uint8_t sequence = 0;
  append_packets(out, sequence, payload);
}

}  // namespace shardway::protocol::mysql
