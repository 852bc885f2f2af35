// The messages of a server (messages.hpp), decoded. A server is not trusted either.
#include <charconv>

#include "protocol/postgres/authentication_kind.hpp"
#include "protocol/postgres/field_reader.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::protocol::postgres {
namespace {

void keep(ErrorFields& fields, char code, std::string_view text) noexcept {
  switch (code) {
    case 'S': fields.severity = text; break;
    case 'V': fields.severity_nonlocalized = text; break;
    case 'C': fields.sqlstate = text; break;
    case 'M': fields.message = text; break;
    case 'D': fields.detail = text; break;
    case 'H': fields.hint = text; break;
    case 'P': fields.position = text; break;
    case 'R': fields.routine = text; break;
    default: break;  // "frontends should silently ignore fields of unrecognized type"
  }
}

Result<Field> read_field(Reader& reader) {
  const auto name = reader.cstring();
  if (!name) return WireError::kTruncated;
  const auto table = reader.u32();
  const auto column = reader.u16();
  const auto type = reader.u32();
  const auto type_size = reader.u16();
  const auto type_modifier = reader.u32();
  const auto code = reader.u16();
  if (!table || !column || !type || !type_size || !type_modifier || !code) return WireError::kTruncated;
  const auto format = format_of_code(*code);
  if (!format) return format.error();
  return Field{
      *name,  *table, *column, *type, static_cast<std::int16_t>(*type_size), static_cast<std::int32_t>(*type_modifier),
      *format};
}

}  // namespace

bool ErrorFields::is_fatal() const noexcept {
  // V is not translated and is sent by servers since 9.6; S is all an older one has.
  const auto level = severity_nonlocalized.empty() ? severity : severity_nonlocalized;
  return level == "FATAL" || level == "PANIC";
}

// The routine's name is not translated, and no RAISE of a user's comes from there.
bool ErrorFields::is_last_word() const noexcept { return routine == "quickdie"; }

Result<ErrorFields> decode_error(Bytes body) {
  Reader reader(body);
  ErrorFields fields;
  while (true) {
    const auto code = reader.u8();
    if (!code) return WireError::kTruncated;
    if (*code == 0) return whole(reader, fields);
    const auto text = reader.cstring();
    if (!text) return WireError::kTruncated;
    keep(fields, static_cast<char>(*code), *text);
  }
}

Result<ParameterStatus> decode_parameter_status(Bytes body) {
  Reader reader(body);
  const auto name = reader.cstring();
  const auto value = reader.cstring();
  if (!name || !value) return WireError::kTruncated;
  return whole(reader, ParameterStatus{*name, *value});
}

Result<BackendKeyData> decode_backend_key(Bytes body) {
  constexpr std::size_t kMinSecretBytes = 4, kMaxSecretBytes = 256;  // 3.0 has exactly 4, 3.2 up to 256
  Reader reader(body);
  const auto process_id = reader.u32();
  if (!process_id || reader.rest().size() < kMinSecretBytes) return WireError::kTruncated;
  if (reader.rest().size() > kMaxSecretBytes) return WireError::kTrailingBytes;
  return BackendKeyData{*process_id, reader.rest()};
}

Result<ReadyForQuery> decode_ready(Bytes body) {
  Reader reader(body);
  const auto status = reader.u8();
  if (!status) return WireError::kTruncated;
  if (*status != 'I' && *status != 'T' && *status != 'E') return WireError::kBadValue;
  return whole(reader, ReadyForQuery{static_cast<char>(*status)});
}

Result<std::vector<Field>> decode_row_description(Bytes body) {
  constexpr std::size_t kSmallestField = 1 + 18;  // an empty name and six numbers
  Reader reader(body);
  const auto count = read_count(reader, kSmallestField);
  if (!count) return count.error();
  std::vector<Field> fields;
  fields.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const auto field = read_field(reader);
    if (!field) return field.error();
    fields.push_back(*field);
  }
  return whole(reader, std::move(fields));
}

Result<std::vector<std::optional<Bytes>>> decode_data_row(Bytes body) {
  Reader reader(body);
  auto values = read_values(reader);
  if (!values) return values.error();
  return whole(reader, *std::move(values));
}

Result<std::string_view> decode_command_complete(Bytes body) { return only_cstring(body); }

Result<Authentication> decode_authentication(Bytes body) {
  using namespace authentication_kind;
  Reader reader(body);
  const auto kind = reader.u32();
  if (!kind) return WireError::kTruncated;
  const auto data = reader.rest();
  if ((*kind == kOk || *kind == kCleartextPassword) && !data.empty()) return WireError::kTrailingBytes;
  if (*kind == kMd5Password && data.size() < 4) return WireError::kTruncated;
  if (*kind == kMd5Password && data.size() > 4) return WireError::kTrailingBytes;
  return Authentication{*kind, data};
}

Result<CopyResponse> decode_copy_response(Bytes body) {
  Reader reader(body);
  const auto overall = reader.u8();
  if (!overall) return WireError::kTruncated;
  if (*overall > 1) return WireError::kBadValue;
  auto formats = read_formats(reader);
  if (!formats) return formats.error();
  return whole(reader, CopyResponse{*overall, *std::move(formats)});
}

Result<std::vector<Oid>> decode_parameter_description(Bytes body) {
  Reader reader(body);
  auto oids = read_oids(reader);
  if (!oids) return oids.error();
  return whole(reader, *std::move(oids));
}

std::optional<std::uint64_t> rows_of_tag(std::string_view tag) noexcept {
  const auto space = tag.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto digits = tag.substr(space + 1);
  std::uint64_t rows = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return rows;
}

}  // namespace shardway::protocol::postgres
