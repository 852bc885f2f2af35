#include "proxy/mysql/sole_call.hpp"

#include <strings.h>

#include "router/mysql_lexer.hpp"

namespace shardway::proxy::mysql {

using router::mysql::Token;
using router::mysql::TokenKind;

namespace {

std::string small(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

class CallReading {
 public:
  CallReading(std::string_view sql, const router::MysqlMode& mode) : sql_(sql), mode_(mode), lexer_(sql, mode) {
    step();
  }

  std::optional<SoleCall> read() {
    if (!takes("select")) return std::nullopt;
    SoleCall call{small(text()), {}};
    const auto begin = token_.begin;
    if (token_.kind != TokenKind::kWord) return std::nullopt;
    step();
    if (!takes("(") || text() != ")") return std::nullopt;
    call.column = sql_.substr(begin, token_.end - begin);
    step();
    const bool named = takes("as");
    if (token_.kind == TokenKind::kEnd) return named ? std::nullopt : std::optional(call);
    const auto alias = name();
    if (!alias) return std::nullopt;
    call.column = *alias;
    step();
    return token_.kind == TokenKind::kEnd && !lexer_.saw_executable_comment() ? std::optional(call) : std::nullopt;
  }

 private:
  void step() { token_ = lexer_.next(); }
  std::string text() const { return std::string(sql_.substr(token_.begin, token_.end - token_.begin)); }

  bool takes(const char* word) {
    if (strcasecmp(text().c_str(), word) != 0) return false;
    step();
    return true;
  }

  std::optional<std::string> name() const {
    if (token_.kind == TokenKind::kString) return router::mysql::unquote(text(), mode_);
    if (token_.kind == TokenKind::kWord && strcasecmp(text().c_str(), "from") != 0) return text();
    if (token_.kind != TokenKind::kQuoted) return std::nullopt;
    const auto quoted = text();
    std::string bare;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
      bare += quoted[i];
      if (quoted[i] == quoted[0]) ++i;
    }
    return bare;
  }

  std::string_view sql_;
  router::MysqlMode mode_;
  router::mysql::Lexer lexer_;
  Token token_;
};

}  // namespace

std::optional<SoleCall> sole_call(std::string_view sql, const router::MysqlMode& mode) {
  return CallReading(sql, mode).read();
}

std::string words_of(std::string_view sql, const router::MysqlMode& mode) {
  router::mysql::Lexer lexer(sql, mode);
  std::string words;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kBad) break;
    words += (words.empty() ? "" : " ") + small(std::string(sql.substr(token.begin, token.end - token.begin)));
  }
  return words;
}

}  // namespace shardway::proxy::mysql
