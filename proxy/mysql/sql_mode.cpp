#include "proxy/mysql/sql_mode.hpp"

namespace shardway::proxy::mysql {

namespace {

using router::MysqlMode;
using Charset = MysqlMode::Charset;

// "STRICT_TRANS_TABLES,ANSI_QUOTES"
bool has_word(std::string_view modes, std::string_view wanted) noexcept {
  while (!modes.empty()) {
    const auto word = modes.substr(0, modes.find(','));
    if (word == wanted) return true;
    modes.remove_prefix(std::min(modes.size(), word.size() + 1));
  }
  return false;
}

Charset charset_named(std::string_view name) noexcept {
  if (name == "utf8mb4" || name == "utf8mb3" || name == "utf8") return Charset::kUtf8;
  if (name == "gbk") return Charset::kGbk;
  if (name == "big5") return Charset::kBig5;
  if (name == "sjis" || name == "cp932") return Charset::kSjis;
  return name == "gb18030" ? Charset::kGb18030 : Charset::kSingleByte;
}

// https://mariadb.com/kb/en/supported-character-sets-and-collations/ (the numbers a handshake can name)
Charset charset_numbered(std::uint8_t collation) noexcept {
  switch (collation) {
    case 28:
    case 87: return Charset::kGbk;
    case 1:
    case 84: return Charset::kBig5;
    case 13:
    case 88:
    case 95:
    case 96: return Charset::kSjis;
    case 33:
    case 45:
    case 46:
    case 76:
    case 83:
    case 255: return Charset::kUtf8;
    default: break;
  }
  if (collation >= 248 && collation <= 250) return Charset::kGb18030;
  return (collation >= 192 && collation <= 215) || collation >= 223 ? Charset::kUtf8 : Charset::kSingleByte;
}

std::string_view value_of(const State& state, const char* name, std::string_view otherwise) {
  const auto found = state.variables.find(name);
  return found == state.variables.end() ? otherwise : std::string_view(found->second);
}

}  // namespace

MysqlMode mode_of(const State& state, std::uint8_t collation, const router::Catalog* catalog,
                  protocol::mysql::Capabilities capabilities, VersionNumber version) {
  const auto modes =
      value_of(state, "sql_mode", catalog == nullptr ? std::string_view() : std::string_view(catalog->sql_mode));
  MysqlMode mode;
  mode.ansi_quotes = has_word(modes, "ANSI_QUOTES");
  mode.no_backslash_escapes = has_word(modes, "NO_BACKSLASH_ESCAPES");
  mode.pipes_as_concat = has_word(modes, "PIPES_AS_CONCAT");
  mode.ignore_space =
      has_word(modes, "IGNORE_SPACE") || (capabilities & protocol::mysql::capability::kIgnoreSpace) != 0;
  mode.oracle = has_word(modes, "ORACLE");
  mode.zero_is_number = has_word(modes, "NO_AUTO_VALUE_ON_ZERO");
  mode.lower_case_table_names = catalog != nullptr && catalog->folds_table_names;
  const auto names = value_of(state, kNames.c_str(), {});
  const auto charset = value_of(state, "character_set_client", names.substr(0, names.find(' ')));
  mode.charset = charset.empty() ? charset_numbered(collation) : charset_named(charset);
  if (catalog != nullptr && !catalog->server_version.empty())
    version = {number_of(catalog->server_version), is_mariadb(catalog->server_version)};
  mode.server = version.is_mariadb ? MysqlMode::Server::kMariaDb : MysqlMode::Server::kMysql;
  if (version.number != 0) mode.version = version.number;
  return mode;
}

// https://mariadb.com/kb/en/supported-character-sets-and-collations/
std::string_view unspeakable_charset(std::uint8_t collation) noexcept {
  const auto is_between = [collation](unsigned first, unsigned last) {
    return collation >= first && collation <= last;
  };
  switch (collation) {
    case 35:
    case 90:
    case 159: return "ucs2";
    case 54:
    case 55: return "utf16";
    case 56:
    case 62: return "utf16le";
    case 60:
    case 61: return "utf32";
    default: break;
  }
  if (is_between(128, 151)) return "ucs2";
  if (is_between(101, 124)) return "utf16";
  return is_between(160, 183) ? "utf32" : "";
}

}  // namespace shardway::proxy::mysql
