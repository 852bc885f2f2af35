// What the planner is asked, and under which of the session's settings: search_path, user, encoding, the transaction's
// time.
#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"
#include "router/table_names.hpp"

namespace shardway::proxy::postgres {

using protocol::Fault;
using protocol::FaultReason;
using router::Action;
using router::Statement;
using router::StatementKind;

namespace {

bool uses_text_key(const Statement& statement, const router::Topology& topology) {
  for (const auto& use : statement.sharded) {
    if (topology.tables.all()[use.table].key_type == router::KeyType::kText) return true;
  }
  return false;
}

// An encoding's name as the server compares it.
std::string plain_name(std::string_view encoding_sql) {
  std::string plain;
  for (const char c : encoding_sql)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

bool names_one_of(std::string_view encoding_sql, std::initializer_list<std::string_view> names) {
  const auto plain = plain_name(encoding_sql);
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return plain.find(name) != std::string::npos; });
}

// Other encodings write letters with bytes that mean something else in ASCII (a backslash, say), and are read wrongly
// here. https://www.postgresql.org/docs/15/multibyte.html
bool keeps_ascii_apart(std::string_view encoding_sql) {
  return names_one_of(encoding_sql, {"latin", "iso8859", "win12", "windows12", "koi8", "euc", "sqlascii"});
}

// A search_path no unqualified name is certain under.
constexpr std::string_view kUnclearPath = "'?,?'";

// Of SET ROLE, as Settings keeps it; empty: none.
std::string_view role_of(std::string_view set_role) {
  const auto end = set_role.rfind('\'');
  const auto begin = end == std::string_view::npos || end == 0 ? end : set_role.rfind('\'', end - 1);
  if (begin == std::string_view::npos) return {};
  const auto role = set_role.substr(begin + 1, end - begin - 1);
  return role == "none" ? std::string_view() : role;
}

}  // namespace

router::ParseSettings Session::parse_settings() const {
  router::ParseSettings settings;
  settings.standard_conforming_strings = standard_strings_;
  const auto& in_force = settings_in_force();
  settings.search_path = in_force.search_path();
  if (local_ && keeps_local_settings()) {
    if (!local_->search_path.empty()) settings.search_path = local_->search_path;
  }
  if (pools_ != nullptr) settings.user = pools_->login.user;
  if (const auto* role = in_force.find("role"); role != nullptr && !role_of(role->sql).empty())
    settings.user = role_of(role->sql);
  return settings;
}

// True in the transaction in which SET LOCAL may have been said.
bool Session::keeps_local_settings() const noexcept {
  return transaction_ ||
         std::any_of(branches_.begin(), branches_.end(), [](const Branch& branch) { return branch.executed; });
}

// SET LOCAL ends with the transaction, which forgets it. A savepoint made before it may take it back.
void Session::note_local(const Statement& statement) {
  const bool may_go_back = transaction_ && !transaction_->savepoints.empty();
  const auto local = [this]() -> LocalSettings& {
    if (!local_) local_ = std::make_unique<LocalSettings>();
    return *local_;
  };
  if (statement.kind == StatementKind::kResetAll && local_) local_->search_path = kUnclearPath;
  for (const auto& setting : statement.settings) {
    if (setting.local && decides_reading(setting.name)) local().reading += setting.name + "=" + setting.value_sql + ";";
    if (transaction_ && setting.local && (setting.name == "role" || setting.name == "session_authorization"))
      transaction_->has_local_role = true;
    if (setting.name == "search_path") {
      if (setting.local)
        local().search_path = may_go_back || setting.value_sql.empty() ? std::string(kUnclearPath)
                              : setting.from_function ? router::search_path_of_string(setting.value_sql)
                                                      : router::search_path_of_set(setting.value_sql);
      else if (local_)
        local_->search_path = may_go_back ? kUnclearPath : std::string_view();
    } else if (setting.name == "client_encoding" && setting.local &&
               !names_one_of(setting.value_sql, {"utf8", "unicode"})) {
      local().encoding = setting.value_sql;
    }
  }
}

// Where nobody has said anything about them they are read as ever.
void Session::see_nulls(router::SessionView& view) const {
  const auto& settings = settings_in_force();
  if (!settings.sets_nulls() && !local_ && knows_its_settings()) return;
  const auto surely = [&](std::string_view setting, bool value) {
    const bool is_local = local_ && local_->reading.find(setting) != std::string::npos;
    return knows_its_settings() && !is_local && is_surely(settings, setting, value);
  };
  view.array_nulls = surely("array_nulls", true);
  view.transform_null_equals = !surely("transform_null_equals", false);
}

router::Plan Session::plan_for(const Statement& statement, const router::Values& values, std::string_view sql) {
  router::SessionView view;
  view.hints_allowed = hints_;
  view.standard_conforming_strings = standard_strings_;
  std::string now;
  if (database_->topology().sharded()) {
    see_time(statement, view, now);
    see_nulls(view);
  }
  auto plan = router::plan(statement, values, database_->topology(), view, sql);
  if (local_ && !keeps_local_settings()) local_.reset();
  if (foreign_encoding_ || (coming_ && has_foreign_encoding(*coming_)) || (local_ && !local_->encoding.empty()))
    refuse_unreadable(statement, sql, plan);
  return plan;
}

// What is written in another client_encoding than UTF8 and would be another shard's, or another statement.
void Session::refuse_unreadable(const Statement& statement, std::string_view sql, router::Plan& plan) const {
  const auto& topology = database_->topology();
  if (!topology.sharded() || plan.action == Action::kRefuse) return;
  std::string what;
  if (uses_text_key(statement, topology)) {
    what = "a text shard key";
  } else if (!is_ascii(sql)) {
    const auto* encoding = settings_in_force().find("client_encoding");
    const bool apart =
        !has_foreign_encoding(settings_in_force()) || (encoding != nullptr && keeps_ascii_apart(encoding->sql));
    const bool local_apart = !local_ || local_->encoding.empty() || keeps_ascii_apart(local_->encoding);
    if (!apart || !local_apart) what = "a statement with letters outside of ASCII";
  }
  if (what.empty()) return;
  plan.action = Action::kRefuse;
  plan.rule = router::Rule::kRefuse;
  plan.fault = std::make_unique<Fault>(Fault{FaultReason::kNotSupported,
                                             what + " in another client_encoding than UTF8 is not supported",
                                             "SET client_encoding TO 'UTF8'", 0});
}

}  // namespace shardway::proxy::postgres
