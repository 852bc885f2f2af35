// `shardway explain`: the plan of a statement, offline. No catalog is read, so what needs one is refused here too.
#include <ctime>
#include <iostream>
#include <iterator>

#include "proxy/cli.hpp"
#include "proxy/config/config.hpp"
#include "router/planner.hpp"

namespace shardway::proxy {
namespace {

constexpr int kPlanned = 0, kRefused = 1, kNothing = 2;
constexpr std::size_t kCacheBytes = 1u << 20;

std::string now_literal() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "'%Y-%m-%d %H:%M:%S+00'::timestamptz", &utc);
  return std::string(text, length);
}

void print(const protocol::Fault& fault) {
  std::cout << "error: " << fault.message << "\n";
  if (!fault.hint.empty()) std::cout << "hint: " << fault.hint << "\n";
}

int explain(std::string_view sql, const std::shared_ptr<const router::Topology>& topology) {
  router::StatementCache cache(topology, kCacheBytes);
  router::Literals literals;
  const auto query = cache.find(sql, {}, literals);
  if (query->syntax_error) {
    print(*query->syntax_error);
    return kRefused;
  }
  const std::string now = now_literal();
  const router::SessionView session{true, true, now};
  const router::Values values{&literals, nullptr, nullptr};
  bool refused = false;
  const bool several = query->statements.size() > 1;
  for (const router::Statement& statement : query->statements) {
    const std::string_view own = several ? sql.substr(statement.begin, statement.end - statement.begin) : sql;
    const router::Plan plan = router::plan(statement, values, *topology, session, own);
    if (several) std::cout << "statement: " << own << "\n";
    for (const std::string& line : router::explain(statement, plan, *topology, own)) std::cout << line << "\n";
    refused = refused || plan.action == router::Action::kRefuse;
  }
  return refused ? kRefused : kPlanned;
}

}  // namespace

int run_explain(const Command& command) {
  const config::Loaded loaded = config::load(command.config_file);
  for (const config::Diagnostic& d : loaded.diagnostics)
    if (d.severity == config::Severity::kError) std::cerr << config::format(d) << "\n";
  if (!loaded.config) return kNothing;
  const config::Database* database = loaded.config->database(command.database);
  if (!database) {
    std::cerr << command.config_file << ": there is no database \"" << command.database << "\"\n";
    return kNothing;
  }
  std::string sql = command.sql;
  if (sql == "-") sql.assign(std::istreambuf_iterator<char>(std::cin), {});
  const std::shared_ptr<const router::Topology> topology(loaded.config, &database->topology);
  return explain(sql, topology);
}

}  // namespace shardway::proxy
