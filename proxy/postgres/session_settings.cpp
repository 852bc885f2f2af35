// What SET and RESET leave: to the session, to the servers, to shards enlisted later.
#include <algorithm>
#include <cctype>

#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

using router::Statement;
using router::StatementKind;

namespace {

// SET transaction_isolation and its like, and what they are by default (without a name: RESET ALL).
bool decides_modes(std::string_view setting) noexcept {
  constexpr std::string_view kDefault = "default_";
  if (setting.starts_with(kDefault)) setting.remove_prefix(kDefault.size());
  return setting.empty() || setting == "transaction_isolation" || setting == "transaction_read_only" ||
         setting == "transaction_deferrable";
}

const std::string kOwnReading = "? ";  // and whose, and which Parse of theirs

// What a RESET takes off a server that the startup message has set, as a server with a connection of the client's own
// would have kept it; empty: nothing.
std::string restore_of(const router::Setting& setting, const Settings& base) {
  if (!setting.value_sql.empty()) return {};
  std::string sql;
  for (const auto& entry : base.entries()) {
    if (setting.name.empty() || setting.name == entry.name) sql += reset_before(entry, setting.local) + entry.sql + ";";
  }
  constexpr std::string_view kForSession = ",false);";
  if (setting.local && sql.ends_with(kForSession)) sql.replace(sql.size() - kForSession.size(), sql.npos, ",true);");
  return sql;
}

// What a shard enlisted later has to hear of a setting made in this transaction.
std::string replay_of(const router::Setting& setting, const Settings& base) {
  if (setting.name.empty()) return "RESET ALL;" + restore_of(setting, base);
  if (setting.value_sql.empty()) {
    if (const auto restored = restore_of(setting, base); !restored.empty()) return restored;
    const auto name = quote_identifier(setting.name);
    return setting.local ? "SET LOCAL " + name + " TO DEFAULT;" : "RESET " + name + ";";
  }
  auto sql = Settings::from_statement(setting).sql;
  if (!setting.local) return sql + ";";
  if (setting.from_function) {
    return "SELECT pg_catalog.set_config(" + quote_literal(setting.name) + "," + setting.value_sql + ",true);";
  }
  return "SET LOCAL" + sql.substr(3) + ";";
}

}  // namespace

// The statement under way has succeeded: its SETs are the session's, and known to the link that ran them.
void Session::apply_effects(Link& link, bool to_session, bool restored) {
  if (pin_after_ != router::PinReason::kNone) {
    pin_to(pin_after_, pin_detail_);
    if (auto* branch = branch_of(link)) branch->pinned = true;
    if (to_session) pin_after_ = router::PinReason::kNone;
  }
  if (effects_.empty()) return;
  if (to_session) {
    if (transaction_) {
      for (const auto& effect : effects_) {
        transaction_->replay += replay_of(effect, *base_settings_);
        transaction_->modes_vary = transaction_->modes_vary || decides_modes(effect.name);
        if (effect.name == "transaction_read_only") transaction_->is_sealed = false;
      }
    }
    use_settings(apply(settings_, *base_settings_, effects_));
  }
  if (transaction_) return;  // the link's books are made up when it ends
  auto on_link = apply(link.settings, restored ? *base_settings_ : Settings(), effects_);
  link.settings = *on_link == *settings_ ? settings_ : on_link;
}

void Session::forget_effects() noexcept {
  effects_.clear();
  coming_.reset();
}

bool hides_settings(router::PinReason reason) noexcept {
  return reason == router::PinReason::kComputedSetting || reason == router::PinReason::kRoutine ||
         reason == router::PinReason::kUninspected;
}

bool outlives_errors(router::PinReason reason) noexcept {
  return reason == router::PinReason::kAdvisoryLock || reason == router::PinReason::kSqlPrepare ||
         reason == router::PinReason::kLoad || reason == router::PinReason::kUninspected ||
         reason == router::PinReason::kRoutine;
}

// Locks and prepared statements are there whatever became of the statements beside them.
void Session::keep_pin() {
  const auto reason = std::exchange(pin_after_, router::PinReason::kNone);
  if (!outlives_errors(reason) || branches_.empty()) return;
  pin_to(reason, pin_detail_);
  for (auto& branch : branches_) branch.pinned = true;
}

// What has run in this pipeline and is answered is in force before the next word about the transaction.
void Session::absorb_effects() {
  if (effects_.empty() && pin_after_ == router::PinReason::kNone) return;
  bool first = true;
  const bool pins = pin_after_ != router::PinReason::kNone;  // which of them has it is not known
  for (auto& branch : branches_) {
    branch.pinned = branch.pinned || (pins && branch.executed);
    if (branch.executed) apply_effects(*branch.link, std::exchange(first, false));
  }
  forget_effects();
}

// With what the statements under way have set, which a server has done when it comes to the next one.
const Settings& Session::settings_in_force() const noexcept { return coming_ ? *coming_ : *settings_; }

// False once something has run that may have set anything.
bool Session::knows_its_settings() const noexcept { return !has_unknown_settings_ && !hides_settings(pin_after_); }

// Under settings nobody knows a statement is this client's own, and every Parse makes another one.
std::string Session::reading_of_parse(std::string_view text) {
  if (knows_its_settings() || !has_constants(text)) return reading_of(text);
  return kOwnReading + std::to_string(id_) + '.' + std::to_string(++own_readings_);
}

// Of a text without constants every session makes the same.
std::string Session::reading_of(std::string_view text) const {
  if (!has_constants(text)) return {};
  const bool has_local = local_ && keeps_local_settings();
  return postgres::reading_of(settings_in_force()) + (has_local ? local_->reading : std::string());
}

bool Session::has_constants(std::string_view text) const {
  return text.find('\'') != std::string_view::npos || text.find("$$") != std::string_view::npos ||
         settings_in_force().find("transform_null_equals") != nullptr || !is_ascii(text);
}

// True if the statement would not mean the same any more, were it prepared again now.
bool Session::is_read_otherwise(const ClientStatement& statement) const {
  const bool knows = knows_its_settings();
  if (!local_ && !coming_ && knows && statement.read_under == settings_) return false;
  const auto& prepared = *statement.prepared;
  constexpr std::string_view kNullEquals = "transform_null_equals";  // NULL is no constant in quotes
  const bool by_nulls = prepared.reading.find(kNullEquals) != std::string::npos ||
                        settings_in_force().find(kNullEquals) != nullptr ||
                        (local_ && local_->reading.find(kNullEquals) != std::string::npos);
  if ((!by_nulls && !has_constants(prepared.text)) || prepared.reading.starts_with(kOwnReading)) return false;
  if (knows ? prepared.reading == reading_of(prepared.text) : is_on_a_link(statement)) return false;
  const auto is_date_like = [](const router::Literal& literal) {
    return literal.is_string && (literal.source.find_first_of("0123456789") != std::string_view::npos ||
                                 router::may_read_the_clock(literal.source));
  };
  return by_nulls || prepared.text.find('\\') != std::string::npos || !is_ascii(prepared.text) ||
         std::any_of(statement.literals.begin(), statement.literals.end(), is_date_like);
}

bool Session::is_on_a_link(const ClientStatement& statement) const {
  const auto id = statement.prepared->id;
  return std::any_of(branches_.begin(), branches_.end(), [&](const Branch& branch) {
    return branch.link->has_statement(id) || branch.link->unnamed_statement == id;
  });
}

bool Session::resets_base(const Statement& statement) const {
  if (statement.kind == StatementKind::kResetAll) return !base_settings_->entries().empty();
  if (statement.kind != StatementKind::kReset && statement.kind != StatementKind::kSet) return false;
  return std::any_of(statement.settings.begin(), statement.settings.end(), [this](const router::Setting& setting) {
    return (transaction_ || !setting.local) && !restore_of(setting, *base_settings_).empty();
  });
}

// RESET goes back to what the startup message said, which the servers were told by SET: they are told again, within the
// same Query.
Session::Step Session::reset_statement(const Statement& statement, const router::Plan& plan, std::string_view sql) {
  router::Setting all;
  const auto& settings = statement.settings;
  std::string text(sql);
  text += "\n;" + restore_of(statement.kind == StatementKind::kResetAll ? all : settings.front(), *base_settings_);
  if (in_segment_ && !transaction_) begin_implicit();
  return run_on_shards(statement, plan, {text, nullptr, statement.kind == StatementKind::kSet ? "SET" : "RESET"});
}

// Two settings change what Shardway itself may do: where reads go, and whether a text key's bytes are the server's.
void Session::use_settings(SharedSettings settings) {
  settings_ = std::move(settings);
  const auto* level = settings_->find("default_transaction_isolation");
  serializable_default_ = level != nullptr && level->sql.find("erializable") != std::string::npos;
  snapshot_default_ = serializable_default_ || (level != nullptr && level->sql.find("epeatable") != std::string::npos);
  foreign_encoding_ = has_foreign_encoding(*settings_);
}

}  // namespace shardway::proxy::postgres
