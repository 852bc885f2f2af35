// The messages of a client (messages.hpp), decoded.
#include "protocol/postgres/field_reader.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::protocol::postgres {
namespace {

struct TargetAndName {
  Target target;
  std::string_view name;
};

// Describe and Close have one shape: 'S' or 'P', then a name.
Result<TargetAndName> decode_target(Bytes body) {
  Reader reader(body);
  const auto target = reader.u8();
  if (!target) return WireError::kTruncated;
  if (*target != 'S' && *target != 'P') return WireError::kBadValue;
  const auto name = reader.cstring();
  if (!name) return WireError::kTruncated;
  return whole(reader, TargetAndName{static_cast<Target>(*target), *name});
}

}  // namespace

Format Bind::format_of(std::size_t parameter) const noexcept {
  if (parameter_formats.empty()) return Format::kText;
  if (parameter_formats.size() == 1) return parameter_formats.front();
  return parameter < parameter_formats.size() ? parameter_formats[parameter] : Format::kText;
}

Result<std::string_view> decode_query(Bytes body) { return only_cstring(body); }

Result<Parse> decode_parse(Bytes body) {
  Reader reader(body);
  const auto name = reader.cstring();
  const auto query = reader.cstring();
  if (!name || !query) return WireError::kTruncated;
  auto types = read_oids(reader);
  if (!types) return types.error();
  return whole(reader, Parse{*name, *query, *std::move(types)});
}

Result<Bind> decode_bind(Bytes body) {
  Reader reader(body);
  const auto portal = reader.cstring();
  const auto statement = reader.cstring();
  if (!portal || !statement) return WireError::kTruncated;
  auto parameter_formats = read_formats(reader);
  if (!parameter_formats) return parameter_formats.error();
  auto parameters = read_values(reader);
  if (!parameters) return parameters.error();
  const auto formats = parameter_formats->size();
  if (formats > 1 && formats != parameters->size()) return WireError::kBadValue;
  auto result_formats = read_formats(reader);
  if (!result_formats) return result_formats.error();
  return whole(reader, Bind{*portal, *statement, *std::move(parameter_formats), *std::move(parameters),
                            *std::move(result_formats)});
}

Result<Describe> decode_describe(Bytes body) {
  const auto decoded = decode_target(body);
  if (!decoded) return decoded.error();
  return Describe{decoded->target, decoded->name};
}

Result<Close> decode_close(Bytes body) {
  const auto decoded = decode_target(body);
  if (!decoded) return decoded.error();
  return Close{decoded->target, decoded->name};
}

Result<Execute> decode_execute(Bytes body) {
  Reader reader(body);
  const auto portal = reader.cstring();
  if (!portal) return WireError::kTruncated;
  const auto limit = reader.u32();
  if (!limit) return WireError::kTruncated;
  // The server takes zero and every negative number for "all rows".
  const bool is_negative = *limit > 0x7fffffffU;
  return whole(reader, Execute{*portal, is_negative ? 0 : *limit});
}

Result<std::string_view> decode_password(Bytes body) { return only_cstring(body); }

Result<SaslInitialResponse> decode_sasl_initial(Bytes body) {
  Reader reader(body);
  const auto mechanism = reader.cstring();
  if (!mechanism) return WireError::kTruncated;
  const auto data = read_value(reader);
  if (!data) return data.error();
  return whole(reader, SaslInitialResponse{*mechanism, data->value_or(Bytes{})});
}

}  // namespace shardway::protocol::postgres
