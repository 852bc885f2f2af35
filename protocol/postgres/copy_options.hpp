// The options of a COPY FROM that decide how its rows are read, with the server's defaults (for text).
// Validated by the server before it answers CopyInResponse; nothing is checked here.
#pragma once

#include <cstdint>
#include <string>

namespace shardway::protocol::postgres {

enum class CopyFormat : std::uint8_t { kText, kCsv, kBinary };
struct CopyOptions {
  CopyFormat format = CopyFormat::kText;
  char delimiter = '\t';     // csv: ','
  std::string null = "\\N";  // csv: ""
  char quote = '"', escape = '"';
  bool header = false;
  bool force_not_null_key = false, force_null_key = false;
};

}  // namespace shardway::protocol::postgres
