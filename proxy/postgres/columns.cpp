#include "proxy/postgres/columns.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <string>

#include "protocol/postgres/messages.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

std::uint64_t fingerprint_of_parameters(protocol::Bytes body) { return XXH3_64bits(body.data(), body.size()) | 1; }

std::uint64_t fingerprint_of_columns(protocol::Bytes body) {
  std::string text;
  protocol::Writer writer(text);
  const auto fields = pg::decode_row_description(body.empty() ? std::string_view("\0\0", 2) : body);
  if (!fields) return fingerprint_of_parameters(body);
  for (const auto& field : *fields) {
    writer.cstring(field.name);
    writer.u32(field.type);
    writer.u32(static_cast<std::uint32_t>(field.type_modifier));
  }
  return fingerprint_of_parameters(text);
}

}  // namespace shardway::proxy::postgres
