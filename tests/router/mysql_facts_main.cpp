// mysql_facts: what the router finds in MySQL's statements, for whoever compares it with a server
// (tests/golden/mysql_oracle.py). Standard input: records of three numbers of 32 bits, lowest byte first (the modes:
// bit 0 ANSI_QUOTES, 1 NO_BACKSLASH_ESCAPES, 2 PIPES_AS_CONCAT, 3 IGNORE_SPACE, 4 ORACLE; the character set as
// MysqlMode::Charset counts; the statement's length) and the statement. Output: a line for each,
// `understood-on-one-server understood-on-shards parameters reads|primary|writes kind`.
#include <cstring>
#include <iostream>

#include "router/language.hpp"
#include "router/planner.hpp"
#include "tests/router/shop.hpp"

namespace shardway::router {
namespace {

std::shared_ptr<const Topology> one_server() {
  auto made = shop::one_shard();
  made->language = &kMysqlLanguage;
  return made;
}

std::shared_ptr<const Topology> two_shards() {
  auto made = shop::topology(true, Unlisted::kSingle);
  made->language = &kMysqlLanguage;
  return made;
}

std::string_view word_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::kEmpty: return "empty";
    case StatementKind::kRead: return "read";
    case StatementKind::kWrite: return "write";
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kTwoPhase:
    case StatementKind::kSetTransaction: return "transaction";
    case StatementKind::kSet: return "set";
    case StatementKind::kSqlPrepare:
    case StatementKind::kSqlExecute:
    case StatementKind::kDeallocate: return "prepare";
    case StatementKind::kLock:
    case StatementKind::kUnlock: return "lock";
    case StatementKind::kDdl:
    case StatementKind::kDdlAlone:
    case StatementKind::kTruncate: return "definition";
    case StatementKind::kCall: return "call";
    case StatementKind::kDo: return "do";
    case StatementKind::kUse: return "use";
    case StatementKind::kKill: return "kill";
    case StatementKind::kLoadData: return "load";
    case StatementKind::kHandler: return "handler";
    default: return "other";
  }
}

bool understood(const Query& query) {
  for (const auto& statement : query.statements)
    if (statement.kind == StatementKind::kOther) return false;
  return true;
}

class Facts {
 public:
  void print(std::string_view text, const MysqlMode& mode) {
    ParseSettings settings;
    settings.mysql = mode;
    Literals literals;
    const auto on_shards = on_shards_.find(text, settings, literals);
    const auto query = on_server_.find(text, settings, literals);
    const Values values{&literals, nullptr, nullptr};
    SessionView session;
    session.mysql = mode;
    unsigned parameters = 0;
    bool reads = true, writes = false;
    for (const auto& statement : query->statements) {
      const auto made = plan(statement, values, *on_server_.topology(), session, text);
      parameters += statement.parameters;
      reads = reads && made.replica_ok;
      writes = writes || made.writes;
    }
    std::cout << (understood(*query) ? "yes " : "no ") << (understood(*on_shards) ? "yes " : "no ") << parameters << ' '
              << (writes  ? "writes"
                  : reads ? "reads"
                          : "primary")
              << ' ' << word_of(query->statements.front().kind) << '\n';
  }

 private:
  StatementCache on_server_{one_server(), 1 << 20}, on_shards_{two_shards(), 1 << 20};
};

bool read_number(std::uint32_t& number) {
  unsigned char bytes[4];
  if (!std::cin.read(reinterpret_cast<char*>(bytes), sizeof bytes)) return false;
  number = bytes[0] | bytes[1] << 8U | bytes[2] << 16U | static_cast<std::uint32_t>(bytes[3]) << 24U;
  return true;
}

void run() {
  Facts facts;
  std::uint32_t modes = 0, charset = 0, size = 0;
  while (read_number(modes) && read_number(charset) && read_number(size)) {
    std::string text(size, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(size));
    MysqlMode mode;
    mode.ansi_quotes = (modes & 1U) != 0;
    mode.no_backslash_escapes = (modes & 2U) != 0;
    mode.pipes_as_concat = (modes & 4U) != 0;
    mode.ignore_space = (modes & 8U) != 0;
    mode.oracle = (modes & 16U) != 0;
    mode.charset = static_cast<MysqlMode::Charset>(charset);
    facts.print(text, mode);
  }
}

}  // namespace
}  // namespace shardway::router

int main() {
  std::ios::sync_with_stdio(false);
  shardway::router::run();
}
