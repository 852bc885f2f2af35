// Base64 (RFC 4648, section 4) for SCRAM: with padding, without line breaks.
// Decoding is strict: any other character, wrong padding, or bits left over is no base64 at all.
#pragma once

#include <optional>
#include <string>

#include "protocol/common/bytes.hpp"

namespace shardway::protocol {

std::string base64_encode(Bytes bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace shardway::protocol
