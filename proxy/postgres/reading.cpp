#include "proxy/postgres/reading.hpp"

#include <algorithm>
#include <string>

namespace shardway::proxy::postgres {
namespace {

using router::StatementKind;

constexpr std::string_view kStrings = "standard_conforming_strings", kQuotes = "backslash_quote",
                           kEncoding = "client_encoding", kAll[] = {kStrings, kQuotes, kEncoding};

std::optional<bool> as_bool(std::string_view sql) {
  if (sql.size() > 2 && sql.front() == '\'' && sql.back() == '\'') sql = sql.substr(1, sql.size() - 2);
  if (sql == "on" || sql == "true" || sql == "1") return true;
  if (sql == "off" || sql == "false" || sql == "0") return false;
  return std::nullopt;
}

bool is_read_by(std::string_view text, std::string_view setting) {
  if (setting == kEncoding) return !is_ascii(text);
  return text.find(setting == kQuotes ? "\\'" : "\\") != std::string_view::npos;
}

bool is_in_transaction(std::string_view name, const Reading& reading) {
  return reading.in_transaction.find(name) != std::string_view::npos ||
         reading.in_transaction.find("RESET ALL") != std::string_view::npos;
}

bool is_as_at_the_start(std::string_view name, const Reading& reading) {
  const auto *now = reading.now.find(name), *base = reading.base.find(name);
  return !is_in_transaction(name, reading) && (now == nullptr || base == nullptr ? now == base : *now == *base);
}

bool stays(const router::Setting& setting, const Reading& reading) {
  if (setting.value_sql.empty()) return is_as_at_the_start(setting.name, reading);
  if (setting.name == kStrings) return as_bool(setting.value_sql) == reading.standard_strings;
  if (is_in_transaction(setting.name, reading)) return false;
  const auto next = Settings::from_statement(setting);
  const auto* now = reading.now.find(setting.name);
  if (now != nullptr && now->sql == next.sql) return true;
  if (setting.name != kEncoding) return false;
  Settings then;
  then.put(next);
  return !has_foreign_encoding(then) && !has_foreign_encoding(reading.now);
}

// The end of a transaction, or of a part of it, takes back what was set there.
bool takes_back(StatementKind kind) noexcept {
  return kind == StatementKind::kCommit || kind == StatementKind::kRollback || kind == StatementKind::kRollbackTo;
}

bool may_change(const router::Statement& statement, std::string_view name, const Reading& reading) {
  if (statement.kind == StatementKind::kResetAll) return !is_as_at_the_start(name, reading);
  if (takes_back(statement.kind)) return is_in_transaction(name, reading);
  if (statement.pins == router::PinReason::kComputedSetting || statement.leaves_traces) return true;
  return std::any_of(statement.settings.begin(), statement.settings.end(),
                     [&](const router::Setting& setting) { return setting.name == name && !stays(setting, reading); });
}

}  // namespace

std::optional<protocol::Fault> read_otherwise(const router::Query& query, std::string_view text,
                                              const Reading& reading) {
  for (const auto& statement : query.statements) {
    const auto rest = text.substr(statement.end);
    for (const auto name : kAll) {
      if (!is_read_by(rest, name) || !may_change(statement, name, reading)) continue;
      return protocol::Fault{
          protocol::FaultReason::kNotSupported,
          "a text with another \"" + std::string(name) +
              "\" for the statements behind it is not supported: a server reads them before it is set",
          "send the statements one by one", 0};
    }
  }
  return std::nullopt;
}

}  // namespace shardway::proxy::postgres
