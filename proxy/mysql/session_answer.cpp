// What answers tell: of the session, which follows the client, and of whether its link may go back. A client that has
// not asked for kDeprecateEof or kSessionTrack gets the packets of old in their place.
// https://mariadb.com/kb/en/ok_packet/
#include <algorithm>

#include "protocol/mysql/fields.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

// A server that was demoted (read_only), or is going down.
bool hints_at_roles(std::uint16_t code) noexcept {
  return code == 1290 || code == 1792 || code == 1836 || code == 1053;
}

constexpr std::size_t kKeptAskedBytes = 4096;

// The server hangs up behind it: it is being shut down, or the connection was killed.
bool is_farewell(std::uint16_t code) noexcept { return code == 1053 || code == 1927; }

}  // namespace

// Everything but OKs. `forward`: whether the client gets it as it is.
void Session::on_seen(const my::Seen& seen, std::string_view payload, std::uint8_t sequence, bool& forward) {
  switch (seen.part) {
    case my::Part::kUnknown:
      link_->mark_broken();
      forward = false;
      return link_lost();
    case my::Part::kLocalInfile:
      sends_file_ = forward;
      if (!forward) link_->mark_broken();
      return;
    case my::Part::kErr: {
      const auto err = my::decode_err(payload);
      link_->diagnostics_of = id_;
      if (forward && err && is_farewell(err->code)) {
        forward = false;
        return link_lost();
      }
      if (!forward && err) {  // of what was asked to bring the link up to the client's state: the client's error
        own_fault_harmless_ = link_->owed().front().command == my::Command::kStmtPrepare;
        own_fault_ = std::make_unique<KeptError>(KeptError{
            err->code, std::string(err->sqlstate.empty() ? "HY000" : err->sqlstate), std::string(err->message)});
        return;
      }
      if (err) end_announcement(err->code);
      if (err && is_sharded()) on_sharded_error(*err, sequence, forward);
      if (err && hints_at_roles(err->code)) link_->target().node->shard->look();
      ends_with_it_ = false;
      answer_failed_ = true;
      user_variables_set_.clear();
      if (preparing_ != 0 && statements_) statements_->erase(preparing_);
      preparing_ = 0;
      return;
    }
    default: return;
  }
}

void Session::on_sharded_error(const my::Err& err, std::uint8_t sequence, bool& forward) {
  note_rollback(err.code);
  changes_catalog_ = changes_catalog_ && spread_ && spread_->at > 0;
  if (!spread_) return;
  spread_->failed = true;
  const auto told = told_otherwise(err);
  if (!told) return;
  forward = false;
  my::encode(out_.tail(), sequence, my::Err{told->code, told->sqlstate, told->message});
}

// What an OK tells is learnt; the client gets it in the form it has agreed on.
void Session::on_ok(std::string_view payload, std::uint8_t sequence, bool& forward) {
  const auto ok = my::decode_ok(payload, my::capability::kSessionTrack);
  if (!ok) return;
  link_->status = ok->status;
  // Where the answer is rows, too, they may be of an INSERT … RETURNING.
  if (forward && (ok->insert_id != 0 || (inserts_ && ok->header != 0x00))) link_->has_insert_id = true;
  if (forward && ok->insert_id != 0) last_.is_insert_id_lost = false;
  if (spread_ && spread_->at > 0 && link_->has_insert_id) link_->insert_id_is_partial = true;
  if (ok->warnings > 0) link_->diagnostics_of = id_;
  if (!forward) {
    // Of XA END and XA ROLLBACK the last one counts.
    if (transaction_ && transaction_->stage == Transaction::Stage::kAborting) own_fault_.reset();
    return;
  }
  learn(*ok);
  const bool as_of_old = ok->header != 0x00 && (capabilities_ & my::capability::kDeprecateEof) == 0;
  forward = false;
  auto told = *ok;
  answer_begun_ = true;
  if (spread_ && differs(told)) {
    transaction_->is_over = true;
    return my::encode(out_.tail(), sequence,
                      my::Err{1213, "40001",
                              "the copies of the reference table are not equal; the transaction was "
                              "rolled back"});
  }
  if (spread_) sum_up(told);
  note_told(told);
  told.status = shown_status(told.status);
  if (as_of_old) return my::encode(out_.tail(), sequence, my::Eof{told.warnings, told.status});
  const auto items = shown_items(ok->tracked);
  told.tracked = items;
  my::encode(out_.tail(), sequence, told, capabilities_);
}

void Session::learn(const my::Ok& ok) {
  status_ = shown_status(ok.status & kLasting);
  if ((ok.status & my::status::kCursorExists) != 0 && command_ == my::Command::kStmtExecute)
    cursors_[command_statement_] = link_->target().shard;
  if ((ok.status & my::status::kLastRowSent) != 0) cursors_.erase(command_statement_);
  const bool autocommit = (ok.status & my::status::kAutocommit) != 0, switched = autocommit != autocommits();
  if (ok.tracked.empty() && user_variables_set_.empty() && !switched) return;
  const auto items = my::decode_tracked(ok.tracked);
  if (!items) return link_->mark_broken();
  auto changed = *state_;
  bool something = false, explained = false, connection_charset = false, connection_collation = false;
  // What a function or a trigger has set is told, but not what else it has done.
  const bool tells_all = begins_with_set_ || own_variables_only_ || link_->late_report_of == id_;
  for (const auto& item : *items) {
    if (item.kind == my::Tracked::kSchema) {
      if (const auto schema = my::decode_tracked_string(item.data)) changed.schema = *schema;
      explained = true;
    } else if (item.kind == my::Tracked::kSystemVariable) {
      const auto variables = my::decode_system_variables(item.data);
      if (!variables) return link_->mark_broken();
      for (const auto& [name, value] : *variables) {
        if (is_carried(name) && !own_variables_only_) changed.variables[std::string(name)] = value;
        connection_charset = connection_charset || name == "character_set_connection";
        connection_collation = connection_collation || name == "collation_connection";
        explained = explained || (tells_all && name != "last_gtid");
      }
    } else if (item.kind == my::Tracked::kStateChange) {
      something = true;
    } else if (item.kind == my::Tracked::kState) {
      const auto state = my::decode_tracked_string(item.data);
      locks_tables_ = state && state->ends_with('L');
    }
  }
  // Without a scope (SET @@autocommit = 0) no item says so.
  if (switched) changed.variables["autocommit"] = autocommit ? "ON" : "OFF";
  if (!user_variables_set_.empty()) {
    note_user_variables(changed);
    explained = true;
  }
  if ((connection_charset || connection_collation) && has_text_in_user_variables(changed.user_variables))
    pin_to(router::PinReason::kComputedSetting, "a user variable");
  // SET NAMES changes the collation, too, and says nothing of it.
  if (connection_charset && !connection_collation && !own_variables_only_) set_names(changed);
  if (changed != *state_) {
    state_ = std::make_shared<const State>(std::move(changed));
    link_->state = state_;
  }
  explained = explained && !(something && own_variables_only_ && calls_user_function());
  if (something && !explained && command_ != my::Command::kInitDb)
    pin_to(router::PinReason::kTemporaryTable, "a user variable, temporary table or statement by SQL");
}

// They follow the client over connections, while the character set is that of its log-in, or they need none.
void Session::note_user_variables(State& state) {
  const auto set = std::exchange(user_variables_set_, {});
  if (has_text_in_user_variables(set) && has_own_character_set(state))
    return pin_to(router::PinReason::kComputedSetting, "a user variable");
  for (const auto& [name, value] : set) state.user_variables[name] = value;
}

// Three character sets have been reported; with a collation of its own they are one setting.
void Session::set_names(State& state) const {
  auto& variables = state.variables;
  const auto charset = variables["character_set_connection"];
  variables.erase("collation_connection");
  variables.erase(kNames);
  if (collation_named_.empty()) return;
  for (const auto* name : {"character_set_client", "character_set_connection", "character_set_results"})
    variables.erase(name);
  variables[kNames] = charset + " COLLATE " + collation_named_;
}

// Of what a link is told, what a server tells a client.
std::string Session::shown_items(std::string_view tracked) const {
  std::string shown;
  if ((capabilities_ & my::capability::kSessionTrack) == 0 || tracked.empty()) return shown;
  const auto items = my::decode_tracked(tracked);
  if (!items) return shown;
  protocol::Writer writer(shown);
  for (const auto& item : *items) {
    const auto& tracking = link_->shown();
    bool wanted = item.kind == my::Tracked::kSchema        ? tracking.schema
                  : item.kind == my::Tracked::kStateChange ? tracking.state_change
                  : item.kind == my::Tracked::kState       ? tracking.transactions
                  : item.kind == my::Tracked::kGtid        ? true  // nobody but the client asks for them
                                                           : tracking.characteristics;
    if (item.kind == my::Tracked::kSystemVariable) {
      const auto variables = my::decode_system_variables(item.data);
      wanted = variables && !variables->empty() && tracking.shows((*variables)[0].first);
    }
    // Of a transaction on several shards each server knows its own part only.
    const bool of_transaction = item.kind == my::Tracked::kState || item.kind == my::Tracked::kCharacteristics;
    if (!wanted || (of_transaction && is_sharded())) continue;
    writer.u8(static_cast<std::uint8_t>(item.kind));
    my::lenenc_bytes(writer, item.data);
  }
  return shown;
}

// What an answer reports under SET STATEMENT or NOWAIT it would report without, but a function may do anything.
bool Session::calls_user_function() {
  const std::string_view asked = spread_ ? spread_->asked : link_->asked;
  std::string_view sql = asked.empty() ? asked : asked.substr(my::kHeadBytes + 1);
  if (command_ == my::Command::kStmtExecute && statements_) {
    const auto found = statements_->find(command_statement_);
    if (found != statements_->end()) sql = found->second.text->text;
  }
  router::Literals literals;
  const auto query = database_->cache().find(sql, parse_settings(*state_), literals);
  return std::any_of(query->statements.begin(), query->statements.end(),
                     [](const auto& one) { return one.uses_user_functions; });
}

// A command is answered: the link goes back unless something keeps it.
void Session::finish_answer() {
  if (link_->owes()) return;
  if (insert_id_packets_ != 0) {
    end_insert_id();
    return finish_tenancy(keeps_link());
  }
  if (gathers_diagnostics()) {
    end_diagnostics();
    give_back(/*clean=*/true);
    if (draining_ && input_.empty()) return kill("shutdown");
    return worker_.resume_later(*this);
  }
  answer_begun_ = false;
  if (!link_is_ready_) return finish_own_answer();
  end_announcement(0);
  if (link_->asked.capacity() > kKeptAskedBytes) std::string().swap(link_->asked);
  asked_again_ = 0;
  if (command_ != my::Command::kStmtPrepare || answer_failed_) note_outcome();
  if (own_variables_only_) link_->late_report_of = id_;
  if (std::exchange(counts_, false)) last_.sequence_link = link_->id();
  if (!std::exchange(sees_nothing_, false)) stamp_link();
  link_->last_user = id_;
  if (command_since_ != net::Time{}) {
    auto& counters = database_->counters;
    const auto us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - command_since_).count());
    ++counters.queries;
    counters.query_us += us;
    counters.query.add(us);
    counters.server.add(us);
    command_since_ = {};
  }
  const bool may_have_begun = may_have_begun_unseen();
  link_->may_be_open = may_have_begun;
  saves_ = ends_transaction_ = answer_failed_ = false;
  const bool in_transaction = (link_->status & my::status::kInTransaction) != 0 || may_have_begun;
  if (!in_transaction) ++database_->counters.transactions;
  if (std::exchange(changes_catalog_, false)) catalog_changed();
  if (transaction_ && transaction_->is_over) drop_transaction();
  if (!transaction_ && !parked_.empty() && pin_ != router::PinReason::kSessionMode) release_parked(true);
  const bool kept = link_ && (in_transaction || is_bound() || has_cursor(*link_) || !with_data_.empty());
  if (std::exchange(ends_with_it_, false)) {  // the server hangs up behind it
    link_->mark_broken();
    out_.flush(stream_);
    return close();
  }
  if (link_ && wants_insert_id(kept)) return ask_for_insert_id();
  finish_tenancy(kept);
}

// With autocommit off a SAVEPOINT and a statement that failed open a transaction without a word; it lasts until its
// end, or until the status tells of it.
bool Session::may_have_begun_unseen() const noexcept {
  if ((link_->status & my::status::kAutocommit) != 0) return false;
  return saves_ || answer_failed_ ||
         (link_->may_be_open && !ends_transaction_ && (link_->status & my::status::kInTransaction) == 0);
}

// The link goes back now, unless it is kept.
void Session::finish_tenancy(bool kept) {
  if (!kept && link_ && wants_diagnostics()) return ask_for_diagnostics();
  if (!kept && link_) {
    // What the server has sent behind the answer is its farewell: the link is not given on with it.
    give_back(/*clean=*/true);
    if (draining_ && input_.empty()) return kill("shutdown");
  }
  if (kept && outdated_) worker_.adopt_later(*this);
  worker_.resume_later(*this);
}

// What was answered was ours; the client's command waits for it. An error is the answer to it.
void Session::finish_own_answer() {
  link_is_ready_ = true;
  if (own_fault_ && transaction_ && transaction_->stage != Transaction::Stage::kOpen) {
    note_end_failed(std::move(*own_fault_));
    own_fault_.reset();
  }
  if (own_fault_) {
    waiting_ = std::make_unique<Waiting>();
    waiting_->shard = link_->target().shard;
    waiting_->fault = std::move(*own_fault_);
    own_fault_.reset();
    if (!own_fault_harmless_) give_up_link();
  }
  worker_.resume_later(*this);
}

// Nobody knows the state the link is in now. What was open on it is rolled back, and the client has to hear so.
void Session::give_up_link() {
  const bool cut = (link_->status & my::status::kInTransaction) != 0 || link_->xa_begun;
  link_->state = no_state();
  if (cut) waiting_->fault = KeptError{1213, "40001", waiting_->fault->message + "; the transaction was rolled back"};
  if (transaction_) return drop_transaction();
  status_ = static_cast<std::uint16_t>(status_ & kLasting & ~my::status::kInTransaction);
  give_back(/*clean=*/false);
}

// What the session has seen, or done, on the link at hand.
void Session::stamp_link() {
  const auto* node = link_->target().node;
  marks_.stamp(database_->backend(), link_->target().shard,
               node->role.load() == backend::Role::kReplica ? node : nullptr, may_write_);
}

}  // namespace shardway::proxy::mysql
