// MysqlMode: what changes the meaning of a MySQL or MariaDB text besides the text: the sql_mode bits that the lexer and
// the grammar look at, the client's character set, and which server will read it. A small value, part of the statement
// cache's key. Not here: session state that changes answers only (time zones, collations).
#pragma once

#include <cstdint>

namespace shardway::router {

struct MysqlMode {
  enum class Server : std::uint8_t { kMariaDb, kMysql };
  // By what a byte above 0x7f may be followed: in the last four the second byte may be a backslash or a backquote.
  enum class Charset : std::uint8_t { kUtf8, kSingleByte, kGbk, kBig5, kSjis, kGb18030 };  // kSjis: cp932 too

  bool ansi_quotes = false;           // ANSI_QUOTES: "x" is a name
  bool no_backslash_escapes = false;  // NO_BACKSLASH_ESCAPES
  bool pipes_as_concat = false;       // PIPES_AS_CONCAT: || is no OR
  bool ignore_space = false;          // IGNORE_SPACE: `count (x)` is the built-in count
  bool oracle = false;                // ORACLE (MariaDB)
  bool lower_case_table_names = false;
  bool zero_is_number = false;  // NO_AUTO_VALUE_ON_ZERO: 0 is kept in an AUTO_INCREMENT column
  Server server = Server::kMariaDb;
  Charset charset = Charset::kUtf8;
  std::uint32_t version = 101100;  // 10000 * major + 100 * minor + patch, as in /*!101100 … */

  bool operator==(const MysqlMode&) const = default;

  // All of it in one number.
  constexpr std::uint64_t bits() const noexcept {
    const unsigned flags = (ansi_quotes ? 1U : 0U) | (no_backslash_escapes ? 2U : 0U) | (pipes_as_concat ? 4U : 0U) |
                           (ignore_space ? 8U : 0U) | (oracle ? 16U : 0U) | (lower_case_table_names ? 32U : 0U) |
                           (zero_is_number ? 64U : 0U);
    return std::uint64_t{version} << 24 | static_cast<std::uint64_t>(server) << 16 |
           static_cast<std::uint64_t>(charset) << 8 | flags;
  }
};

}  // namespace shardway::router
